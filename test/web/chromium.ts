/** A real browser for tests: named by HONE_CHROMIUM, on the PATH, or installed by Debian's package manager where that may be. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @param install also by `apt-get install`, as root on Debian; takes a minute once */
export function findChromium(install: boolean): string | null {
  const found = process.env['HONE_CHROMIUM'] ?? onPath();
  if (found !== undefined || !install || process.getuid?.() !== 0) return found ?? null;
  const apt = { stdio: 'ignore', timeout: 240_000 } as const;
  spawnSync('apt-get', ['update', '-q'], apt);
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], apt);
  return onPath() ?? null;
}

function onPath(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  return places.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function launch(executablePath: string): Promise<Browser> {
  // Root may not use the sandbox, and /dev/shm is small in containers.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}
