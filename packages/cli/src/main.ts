/** @module The program from source; start.ts is the built one's. */
import { execute } from './program.ts';

void execute(process.argv.slice(2), process.env).then(({ code }) => process.exit(code));
