/** The pages of Temporal's own development server in a real browser: what an approver reads, copies and sends there. */
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** Opens the run from the list of what waits, and its tab with the packet. */
export async function openWaitingRun(page: Page, ui: string, model: string): Promise<FrameLocator> {
  const query = encodeURIComponent(`HoneNeeds = 'approval' AND HoneModel = '${model}'`);
  await page.goto(`${ui}/namespaces/default/workflows?query=${query}`);
  await page.getByRole('link', { name: new RegExp(`^${model}-\\d{6}$`) }).click();
  await page.getByText('User Metadata').first().click();
  return currentDetails(page);
}

/** The UI draws Markdown in a frame of its own; that of the current details is the last one. */
export function currentDetails(page: Page): FrameLocator {
  return page.frameLocator('iframe').last();
}

/** As a hand does: the line is selected with three clicks and copied. */
export async function copyLine(page: Page, line: Locator): Promise<string> {
  await line.scrollIntoViewIfNeeded();
  await line.click({ clickCount: 3 });
  await page.keyboard.press('ControlOrMeta+c');
  return (await page.evaluate('navigator.clipboard.readText()')) as string;
}

/** More Actions, Send a Signal: its name is chosen from the list, the data is pasted. */
export async function sendSignal(page: Page, name: string, edit?: (data: Locator) => Promise<void>): Promise<void> {
  await seen(page.getByText('More Actions')).click();
  await seen(page.getByRole('menuitem', { name: 'Send a Signal' })).click();
  const dialog = seen(page.getByRole('dialog'));
  await dialog.getByTestId('signal-select-button').click();
  await seen(page.getByRole('option', { name: new RegExp(`^${name}\\b`) })).click();
  const data = dialog.getByRole('textbox', { name: 'Data' });
  await data.click();
  await page.keyboard.press('ControlOrMeta+v');
  await edit?.(data);
  // The editor's blur moves the layout, and a click that comes at once would miss: by keyboard.
  const submit = dialog.getByRole('button', { name: 'Submit' });
  await submit.focus();
  // The server's answer, not the end of the dialog: it may stay, with its button turning, after the signal was taken.
  const taken = page.waitForResponse(
    (response) => response.request().method() === 'POST' && response.url().includes(`/signal/${name}`),
  );
  await submit.press('Enter');
  if (!(await taken).ok()) throw new Error(`Temporal's pages could not send ${name}: ${await (await taken).text()}`);
  await page.reload();
}

/** Start Workflow: the form of the list of workflows. */
export async function startWorkflow(
  page: Page,
  ui: string,
  { id, queue, type, input }: { id: string; queue: string; type: string; input: unknown },
): Promise<void> {
  await page.goto(`${ui}/namespaces/default/workflows`);
  await page.getByText('Start Workflow').filter({ visible: true }).first().click();
  await page.getByLabel('Workflow ID').fill(id);
  await page.getByLabel('Task Queue').fill(queue);
  await page.getByLabel('Workflow Type').fill(type);
  await page.getByRole('textbox', { name: 'Data' }).click();
  await page.keyboard.insertText(JSON.stringify(input));
  const submit = page.getByRole('button', { name: 'Start Workflow' }).last();
  await submit.focus();
  await submit.click();
}

const seen = (locator: Locator): Locator => locator.filter({ visible: true }).first();
