export function bundled(...names: string[]): string[];
