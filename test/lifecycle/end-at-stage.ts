/** A program that goes to the stage it is given and ends there: `exit`, `throw`, or `return` (nothing left to do). */

import process from 'node:process';
import { reach, type Stage } from './stages.js';

const [stage, ending] = process.argv.slice(2) as [Stage, 'exit' | 'throw' | 'return'];

void reach(stage).then(() => {
  if (ending === 'exit') process.exit(0);
  if (ending === 'throw') {
    process.on('uncaughtException', () => process.exit(7));
    throw new Error('the end');
  }
});
