import { isStrataError, StrataError } from '@strata/core';
import { randomBelow, randomHex } from '../state/random.ts';

const adjectives =
  `able agile amber ample blithe bold brave bright brisk calm candid careful cheerful clear clever
  cosmic crisp curious daring deft eager earnest easy elated fair fearless fluent fond frank free gentle glad golden
  grand happy hardy honest hopeful humble jolly joyful keen kind lively lucid lucky merry mellow modest nimble noble
  patient placid plucky proud quick quiet ready robust serene sharp silent smart snug solid steady stoic sturdy sunny
  sure swift tender tidy tranquil trusty upbeat vivid warm wise witty zealous zesty`.split(/\s+/);

const people =
  `agnesi allen archimedes babbage backus bardeen bassi bell blackwell bohr booth boyd brahmagupta
  carson cerf chandrasekhar chatelet clarke cray curie darwin davinci dijkstra driscoll easley einstein elion
  engelbart euclid euler fermat fermi feynman franklin galileo gates germain goldberg goodall hamilton hawking
  heisenberg hermann hertz hodgkin hopper hypatia jackson jepsen johnson kalam kepler khorana kilby kirch knuth
  lalande lamport leakey leavitt liskov lovelace lumiere mayer mcclintock meitner mendel mirzakhani moore morse
  napier newton nobel noether pare pascal pasteur perlman pike poincare ramanujan ride ritchie rosalind sammet
  shannon shaw snyder stallman swartz tesla thompson torvalds turing varahamihira villani wescoff wiles williams
  wilson wozniak wright yalow yonath`.split(/\s+/);

export function newContainerId(): string {
  return randomHex(32);
}

/** A name nobody uses: `isTaken` decides. */
export function inventName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const pick = (list: readonly string[]) => list[randomBelow(list.length)];
    const name = `${pick(adjectives)}_${pick(people)}${attempt < 3 ? '' : randomBelow(10_000)}`;
    if (!isTaken(name)) return name;
  }
}

/** Somebody may take an invented name between its choice and its row: then nothing is made yet, and another one does. */
export async function withInventedName<T>(name: string | undefined, make: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await make();
    } catch (error) {
      if (name !== undefined || !isStrataError(error) || error.code !== 'CONTAINER_NAME_TAKEN') throw error;
    }
  }
}

/** Docker's rule for names. @throws invalid-argument `CONTAINER_NAME_INVALID` */
export function checkName(name: string): string {
  const bare = name.replace(/^\//, '');
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(bare) && bare.length <= 255) return bare;
  throw new StrataError(
    'invalid-argument',
    'CONTAINER_NAME_INVALID',
    `${JSON.stringify(name)} is not a container name`,
    { hint: 'Use at least two of a-z A-Z 0-9 _ . - and begin with a letter or digit' },
  );
}
