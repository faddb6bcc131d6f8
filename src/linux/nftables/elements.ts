import { attribute, NLA_F_NESTED, NLM_F_CREATE, text } from '../netlink/message.ts';
import { FieldReader, type SetType, widthOf, writeFields } from './set-type.ts';
import type { Step } from './transaction.ts';

const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 };
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM = { KEY: 1, DATA: 2, KEY_END: 10 };
const NFTA_DATA_VALUE = 1;

const HEADER = 4;
/** An attribute has at most 64 KB, and the kernel sends a message that it refuses back whole. */
const LIST_LIMIT = 16_384;

/** An entry of a set or a map, as nft(8) writes it: `172.17.0.2 . tcp . 80`. */
export interface SetElement {
  readonly set: string;
  readonly key: string;
  /** Of a map. */
  readonly value?: string;
}

export interface ElementChange {
  readonly removed: readonly SetElement[];
  readonly added: readonly SetElement[];
}

/**
 * The messages that change what is in sets of an inet table, deletions first: libnftables takes ten times as long as
 * the kernel for a thousand elements. Undefined when a set is concerned whose type is not known here.
 * @throws invalid for what is no element of its set
 */
export function encodeChange(
  table: string,
  { removed, added }: ElementChange,
  typeOf: (set: string) => SetType | undefined,
): Step[] | undefined {
  const steps: Step[] = [];
  const reader = new FieldReader();
  for (const { message, flags, elements } of [
    { message: NFT_MSG_DELSETELEM, flags: 0, elements: removed },
    { message: NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE, elements: added },
  ]) {
    for (const [set, members] of Map.groupBy(elements, (element) => element.set)) {
      const type = typeOf(set);
      if (!type) return undefined;
      const { key, interval } = type;
      const layout = message === NFT_MSG_NEWSETELEM ? type : { key, interval };
      for (const list of lists(layout, members, reader)) {
        const attributes = [
          attribute(NFTA_SET_ELEM_LIST.TABLE, text(table)),
          attribute(NFTA_SET_ELEM_LIST.SET, text(set)),
          attribute(NFTA_SET_ELEM_LIST.ELEMENTS | NLA_F_NESTED, list),
        ];
        steps.push([message, flags, attributes]);
      }
    }
  }
  return steps;
}

/** The elements of one set, as many in each list as a message takes. All look alike but for their values. */
function* lists(type: SetType, elements: readonly SetElement[], reader: FieldReader): Generator<Buffer> {
  const key = item(NFTA_SET_ELEM.KEY, widthOf(type.key));
  const end = type.interval ? item(NFTA_SET_ELEM.KEY_END, widthOf(type.key)) : Buffer.alloc(0);
  const value = type.value ? item(NFTA_SET_ELEM.DATA, widthOf(type.value)) : Buffer.alloc(0);
  const blank = attribute(NFTA_LIST_ELEM | NLA_F_NESTED, [key, end, value]);
  const most = Math.floor(LIST_LIMIT / blank.length);
  for (let begin = 0; begin < elements.length; begin += most) {
    const part = elements.slice(begin, begin + most);
    const list = Buffer.concat(part.map(() => blank));
    // Where the value of the item is that begins so far into an element.
    const at = (index: number, offset: number) => index * blank.length + HEADER + offset + 2 * HEADER;
    for (const [index, element] of part.entries()) {
      const keys = reader.read(type.key, element.key, type.interval);
      writeFields(list, at(index, 0), keys, 'first');
      if (type.interval) writeFields(list, at(index, key.length), keys, 'last');
      if (type.value) {
        const values = reader.read(type.value, element.value ?? '', false);
        writeFields(list, at(index, key.length + end.length), values, 'first');
      }
    }
    yield list;
  }
}

const item = (what: number, length: number): Buffer =>
  attribute(what | NLA_F_NESTED, [attribute(NFTA_DATA_VALUE, Buffer.alloc(length))]);
