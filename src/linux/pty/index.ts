// CONTRACT
/** Receives the terminal that `crun exec --console-socket` sends (SCM_RIGHTS), and resizes it (TIOCSWINSZ). */
export declare function openConsoleSocket(path: string): {
  receive(signal?: AbortSignal): Promise<number>;
  close(): void;
};
export declare function resizeTerminal(fd: number, rows: number, columns: number): void;
