import { mkdtempSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './repository.ts'

/** A fenced code block of a Markdown file. */
export interface Snippet {
  /** Path of the file, from the root. */
  readonly file: string
  /** Line of the opening fence. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** Text of the heading above it. */
  readonly section: string
  /** The line of text above it. */
  readonly caption: string
}

/** Reads every fenced code block of a Markdown file, in order. */
export function readSnippets(file: string): Snippet[] {
  const snippets: Snippet[] = []
  let open: { language: string; line: number; lines: string[] } | undefined
  let section = ''
  let caption = ''
  for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)\s*$/.exec(line)
    if (fence && open) {
      const { language, line, lines } = open
      snippets.push({ file, line, language, code: `${lines.join('\n')}\n`, section, caption })
      open = undefined
      caption = ''
    } else if (fence) open = { language: fence[1] ?? '', line: index + 1, lines: [] }
    else if (open) open.lines.push(line)
    else {
      section = /^#+ (.*)$/.exec(line)?.[1] ?? section
      if (line.trim() !== '') caption = line
    }
  }
  return snippets
}

/** The files that a page shows, by name: the line above such a snippet begins with the name in code style. */
export function readShownFiles(file: string): ReadonlyMap<string, string> {
  const named = readSnippets(file).flatMap(({ caption, code }): [string, string][] => {
    const [, name] = /^`([\w-]+(?:\.[\w-]+)+)`/.exec(caption) ?? []
    return name === undefined ? [] : [[name, code]]
  })
  return new Map(named)
}

/**
 * Finds the snippet of a language in a section of a Markdown file.
 *
 * @param text What it contains, where the section has several.
 * @throws Error if there is no such snippet, or more than one.
 */
export function findSnippet(file: string, section: string, language: string, text = ''): Snippet {
  const [snippet, ...others] = readSnippets(file).filter(
    (each) => each.section === section && each.language === language && each.code.includes(text),
  )
  if (!snippet || others.length > 0)
    throw new Error(
      `The section "${section}" of ${file} must have exactly one ${language} snippet with "${text}".`,
    )
  return snippet
}

/** Creates a folder in which packages resolve as in a project that has installed them. */
export function createProject(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tilepass-readme-')))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  return folder
}
