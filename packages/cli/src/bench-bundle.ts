/** @module The bench, as one file of the built program. */
export * from '@strata/bench';
