/** The text of a snippet of the documentation; see `test/support/pages/recipe-page.ts`. */
declare module 'recipe:*'

declare var tokens: import('@tilepass/core').TokenManager
/** The origin of a server that no rule names. */
declare var stranger: string
