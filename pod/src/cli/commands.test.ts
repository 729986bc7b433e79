import { COMMANDS, asked, type CommandName } from './commands.js';

const names = Object.keys(COMMANDS) as CommandName[];

describe('every command of livepod-pod', () => {
  it.each(names)('%s --help has an example, and every option', (name) => {
    const { help } = asked([name, '--help']);
    expect(help).toMatch(/\n\nExample:\n {2}livepod-pod /);
    for (const option of Object.keys(COMMANDS[name].options)) expect(help).toContain(`--${option}`);
    expect(help).toContain('  --json ');
  });

  it('livepod-pod --help has an example of each', () => {
    const { help } = asked(['--help']);
    for (const name of names) expect(help).toContain(COMMANDS[name].example);
  });

  it.each(names)('%s refuses an option that it does not have, and says where the others stand', (name) => {
    expect(() => asked([name, '--no-such-option'])).toThrow(/has no option --no-such-option; .* --help lists/);
  });
});
