import { main } from './main.ts';

// Output is written synchronously: there is nothing to flush, and no timer or idle connection is worth waiting for.
void main(process.argv.slice(2)).then((status) => process.exit(status));
