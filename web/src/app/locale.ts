/** The reader's English: how dates and numbers are written. Sentences are English for everyone today. */
export const locale: string = globalThis.navigator?.languages.find((language) => language.startsWith("en-")) ?? "en-GB";
