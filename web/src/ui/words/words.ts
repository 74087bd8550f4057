import { en, type Words } from "./en";

/** The sentences of the reader's language. Chosen once, before the app renders. */
export const t: Words = en;

export { wordOf } from "./wordOf";
