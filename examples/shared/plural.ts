/** A noun in two forms. */
export type Noun = readonly [singular: string, plural: string]

/** The form of a noun that goes with a number. */
export const plural = (count: number, [singular, plural]: Noun) => (count === 1 ? singular : plural)
