#!/usr/bin/env node
// Checks what must be there before anything else can load, then runs the TypeScript sources without a build step.
const wanted = 20;
if (Number.parseInt(process.versions.node, 10) < wanted) {
  process.stderr.write(
    'hone needs Node.js ' +
      wanted +
      ' or newer; this is ' +
      process.versions.node +
      '.\n' +
      'Install it from nodejs.org or with your version manager (nvm install ' +
      wanted +
      '). Nothing was started.\n',
  );
  process.exit(69);
}
const tsx = await import('tsx/esm/api').catch(() => undefined);
if (tsx === undefined) {
  process.stderr.write(
    'The packages of this clone are not installed. Run `npm ci` in it first. Nothing was started.\n',
  );
  process.exit(69);
}
tsx.register();
const { main } = await import('../src/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
