interface Machine {
  /** ELF's e_machine. */
  readonly id: number;
  readonly bits: 32 | 64;
  readonly big?: boolean;
}

/** By Go's names of architectures. */
const MACHINES: Readonly<Record<string, Machine>> = {
  '386': { id: 3, bits: 32 },
  amd64: { id: 62, bits: 64 },
  arm: { id: 40, bits: 32 },
  arm64: { id: 183, bits: 64 },
  loong64: { id: 258, bits: 64 },
  mips: { id: 8, bits: 32, big: true },
  mipsle: { id: 8, bits: 32 },
  mips64: { id: 8, bits: 64, big: true },
  mips64le: { id: 8, bits: 64 },
  ppc64: { id: 21, bits: 64, big: true },
  ppc64le: { id: 21, bits: 64 },
  riscv64: { id: 243, bits: 64 },
  s390x: { id: 22, bits: 64, big: true },
};

/** The first 20 bytes of a program of an architecture: what tells it from others. Undefined for an unknown one. */
export function programHeader(architecture: string): Buffer | undefined {
  const machine = MACHINES[architecture];
  if (!machine) return undefined;
  const { id, bits, big = false } = machine;
  const header = Buffer.alloc(20);
  header.write('\x7fELF', 'latin1');
  header[4] = bits === 64 ? 2 : 1;
  header[5] = big ? 2 : 1;
  header[6] = 1;
  // An executable at a fixed address.
  if (big) header.writeUInt16BE(2, 16);
  else header.writeUInt16LE(2, 16);
  if (big) header.writeUInt16BE(id, 18);
  else header.writeUInt16LE(id, 18);
  return header;
}
