/** A change of the sources, and whether a test noticed it. */
export interface Mutant {
  file: string;
  line: number;
  /** the code that was changed, on one line */
  from: string;
  to: string;
  caught: boolean;
}

interface Place {
  line: number;
  column: number;
}
/** The part of the mutation testing elements' report schema that is read here. */
interface Report {
  files: Record<
    string,
    {
      source: string;
      mutants: { location: { start: Place; end: Place }; replacement?: string; status: string }[];
    }
  >;
}

/** What ran without end was noticed: a test that does not end is red. */
const CAUGHT = new Set(['Killed', 'Timeout', 'RuntimeError']);
const NOT_TRIED = new Set(['Ignored', 'CompileError']);

/** The mutants that were tried. */
export function mutantsIn({ files }: Report): Mutant[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => !NOT_TRIED.has(status))
      .map(({ location, replacement = '', status }) => ({
        file,
        line: location.start.line,
        from: oneLine(between(source, location)),
        to: oneLine(replacement),
        caught: CAUGHT.has(status),
      })),
  );
}

function between(source: string, { start, end }: { start: Place; end: Place }): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last]!.slice(0, end.column - 1);
  lines[0] = lines[0]!.slice(start.column - 1);
  return lines.join('\n');
}

const oneLine = (code: string): string => code.replaceAll(/\s+/g, ' ').trim();
