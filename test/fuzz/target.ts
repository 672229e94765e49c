import fc from 'fast-check'
import { mutantsOf } from './mutants.ts'

/** A parser, or another function that reads what strangers write, and what must hold for every input. */
export interface Target<Input> {
  /** Also the name of its corpus. */
  readonly name: string
  /** Structured inputs; what they are in JSON must have the same type. */
  readonly arbitrary: fc.Arbitrary<Input>
  /** May a mutation replace any value by any other? By default strings stay strings. */
  readonly isAnyJson?: boolean
  /**
   * Compares the function with an oracle that is not ours, and throws if they disagree.
   *
   * @returns Was the input accepted? A target that accepts nothing checks nothing.
   */
  readonly check: (input: Input) => boolean | Promise<boolean>
}

/** A target whose inputs are read from its corpus. */
export interface ReadyTarget {
  readonly name: string
  readonly arbitrary: fc.Arbitrary<unknown>
  readonly check: (input: unknown) => Promise<boolean>
}

/** Adds mutations of the corpus to the inputs of a target. */
export function prepareTarget<Input>(
  { name, arbitrary, isAnyJson = false, check }: Target<Input>,
  corpus: readonly unknown[],
): ReadyTarget {
  const inputs: fc.Arbitrary<unknown> = arbitrary
  return {
    name,
    arbitrary: corpus.length === 0 ? inputs : fc.oneof(inputs, mutantsOf(corpus, isAnyJson)),
    // As it would be read from the corpus, so that every failure can be kept there.
    check: async (input) => check(JSON.parse(JSON.stringify(input))),
  }
}

/** Runs a parser that may refuse its input only with one of these errors. */
export function findParsed<Output>(
  parse: () => Output,
  ...refusals: (abstract new (
    ...values: never[]
  ) => Error)[]
): Output | undefined {
  try {
    return parse()
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return
    throw error
  }
}
