import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { StackError } from '../errors.js';

/** What a change can affect. */
export interface Impact {
  /** Something on which every test depends was changed: nothing can be left out. */
  everything: boolean;
  /** Whether Rust's own tests can come out differently. */
  rust: boolean;
  /** Test files, from the clone's top, sorted. */
  tests: string[];
}

/** What is built from a folder that no source imports: its files, and how a source that uses the result is known. */
const BUILT: { from: RegExp; usedBy: RegExp }[] = [
  { from: /^canisters\/.*\.(rs|toml|lock|did)$/, usedBy: /\bwasmDir\b|\bcanisterNames\b|\.cache\/wasm['"`]/ },
  { from: /^infra\/ic\/instrument\//, usedBy: /\binstrument\.wasm\b/ },
  { from: /^infra\/ic\/test-canister\//, usedBy: /\btest-canister\.wasm\b/ },
  { from: /^infra\/ic\/pocket-suite\//, usedBy: /\bpocket-suite\b/ },
  { from: /^infra\/temporal\//, usedBy: /\bbin\/temporal\b/ },
  { from: /^infra\/s3\//, usedBy: /\bbin\/versitygw\b/ },
  { from: /^infra\/deploy\/tools\//, usedBy: /\bhelm\b/ },
];
/** How tests are run and compiled. */
const FOR_ALL = /^(package(-lock)?\.json|tsconfig\.json|jest\..*|\.npmrc|test\/jest\/.*)$/;
const SOURCE = /\.([cm]?ts|[cm]?js)$/;
const TEST = /\.test\.ts$/;
/** Checked by the lint suite, which always runs; the folder `docs` is read by tests. */
const PROSE = /^(?!docs\/).*\.md$|^(LICENSE|NOTICE|rustfmt\.toml)$|^\.(ci\/|editorconfig|prettier|git|oxlintrc)/;

/** A clone's sources, as far as a change's reach is concerned. */
export interface Tree {
  /** Every file that git knows or would add, from the clone's top. */
  files: readonly string[];
  read(file: string): string;
}

export function treeAt(root: string): Tree {
  return {
    files: git(root, 'ls-files', '--cached', '--others', '--exclude-standard').filter((file) =>
      existsSync(join(root, file)),
    ),
    read: (file) => readFileSync(join(root, file), 'utf8'),
  };
}

/**
 * Files that differ from where this branch left `ref`: committed or not, added, changed or deleted.
 *
 * @throws StackError `badOption` when there is no such ref
 */
export function changedSince(root: string, ref: string): string[] {
  let base: string;
  try {
    base = git(root, 'merge-base', ref, 'HEAD')[0]!;
  } catch {
    throw new StackError('badOption', { ref }, `--since takes a commit, branch or tag of this clone, not "${ref}".`);
  }
  const changed = git(root, 'diff', '--name-only', '--no-renames', base);
  return [...new Set([...changed, ...git(root, 'ls-files', '--others', '--exclude-standard')])].sort();
}

function git(root: string, ...args: string[]): string[] {
  const text = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return text.split('\n').filter((line) => line !== '');
}

/**
 * The tests that a change can affect: those that reach a changed file over imports, over paths that sources mention (of
 * programs that they start and files that they read; a path that is only known at run time stands for its whole
 * folder), and over what is built from it. A file that is no source and that nobody mentions stands for its package.
 */
export function impactOf(changed: readonly string[], tree: Tree): Impact {
  const files = changed.filter((file) => !PROSE.test(file));
  const graph = new Graph(tree);
  const reached = graph.dependants(files);
  return {
    everything: files.some((file) => FOR_ALL.test(file)),
    rust: files.some((file) => BUILT[0]!.from.test(file) || /^protocol\/vectors\//.test(file)),
    tests: [...reached].filter((file) => TEST.test(file)).sort(),
  };
}

/** Who uses which file. */
class Graph {
  private readonly known: Set<string>;
  private readonly folders = new Set<string>();
  /** Entry files of packages, by what imports call them. */
  private readonly entries = new Map<string, string>();
  private readonly packages: string[];
  private readonly scripts: Record<string, string>;
  /** For each file or folder, the sources that name it. */
  private readonly users = new Map<string, Set<string>>();
  private readonly usersOfBuilt = BUILT.map(() => new Set<string>());

  constructor(private readonly tree: Tree) {
    this.known = new Set(tree.files);
    for (const file of tree.files) {
      for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) this.folders.add(folder);
    }
    const { workspaces, scripts } = JSON.parse(tree.read('package.json')) as {
      workspaces: string[];
      scripts?: Record<string, string>;
    };
    this.scripts = scripts ?? {};
    this.packages = [...workspaces].sort((a, b) => b.length - a.length);
    for (const folder of workspaces) this.readManifest(folder);
    for (const file of tree.files) if (SOURCE.test(file)) this.readSource(file);
  }

  /** The files themselves and all that use them, directly or not. */
  dependants(files: readonly string[]): Set<string> {
    const reached = new Set<string>();
    const open = [...files];
    for (const file of files) if (!SOURCE.test(file) && this.usersOf(file).size === 0) open.push(...this.beside(file));
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      open.push(...this.usersOf(file));
    }
    return new Set([...reached].filter((file) => this.known.has(file)));
  }

  private usersOf(file: string): Set<string> {
    const found = new Set(this.users.get(file));
    // a whole folder that is named does not stand for the tests in it: nothing is made of those
    for (let folder = dirname(file); folder !== '.' && !TEST.test(file); folder = dirname(folder)) {
      for (const user of this.users.get(folder) ?? []) found.add(user);
    }
    for (const [at, { from }] of BUILT.entries()) {
      if (from.test(file)) for (const user of this.usersOfBuilt[at]!) found.add(user);
    }
    return found;
  }

  private beside(file: string): string[] {
    const folder = this.packages.find((name) => file.startsWith(`${name}/`)) ?? dirname(file);
    return this.tree.files.filter((other) => other.startsWith(`${folder}/`) && SOURCE.test(other));
  }

  private readManifest(folder: string): void {
    const { name, exports } = JSON.parse(this.tree.read(`${folder}/package.json`)) as {
      name: string;
      exports?: Record<string, string | Record<string, string>>;
    };
    for (const [door, target] of Object.entries(exports ?? {})) {
      const file = typeof target === 'string' ? target : Object.values(target).at(-1)!;
      this.entries.set(join(name, door), join(folder, file));
    }
  }

  private readSource(file: string): void {
    const code = this.tree
      .read(file)
      .replace(/^\s*(\/\/|\/?\*).*$/gm, '') // comments name much that is not used
      .replace(/['"]\s*,\s*\[?['"]/g, '/'); // join(root, 'infra', 'ic') names infra/ic
    for (const [at, { usedBy }] of BUILT.entries()) if (usedBy.test(code)) this.usersOfBuilt[at]!.add(file);
    for (const [, text] of code.matchAll(/['"`]([^'"`\n]*)/g)) {
      const named = this.named(text!, file);
      if (named !== undefined && named !== file) this.note(named, file);
    }
    // spawn('npm', ['run', '-s', 'ic', …]) starts what the script starts
    for (const [, name] of code.matchAll(/\bnpm(?:\/run)?(?:\/-s|\/--silent)?\/([\w:]+)/g)) {
      const program = this.scripts[name!]?.split(' ').find((word) => this.known.has(word));
      if (program !== undefined) this.note(program, file);
    }
  }

  private note(named: string, user: string): void {
    const users = this.users.get(named) ?? new Set();
    this.users.set(named, users.add(user));
  }

  /** The file or folder that a piece of text names: as an import does, relatively, or from the clone's top. */
  private named(text: string, from: string): string | undefined {
    if (this.entries.has(text)) return this.entries.get(text);
    const path = text.startsWith('.') ? join(dirname(from), text) : text;
    const fixed = normalize(path).split(/[$*]/)[0]!;
    for (const name of [fixed, fixed.replace(/js$/, 'ts')]) if (this.known.has(name)) return name;
    const whole = fixed === path || fixed.endsWith('/');
    const folder = whole ? fixed.replace(/\/$/, '') : dirname(fixed);
    // one word may be any word
    return this.folders.has(folder) && (text.startsWith('.') || folder.includes('/')) ? folder : undefined;
  }
}
