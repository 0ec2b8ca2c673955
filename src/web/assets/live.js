// Loads the page again when the server says that it has changed. Without this script a page is as useful, but stands still.
const path = document.body.dataset.live;
let seen = document.body.dataset.page;
let timer;

async function refresh() {
  const main = document.getElementById('page');
  // Never under somebody's hands: what was typed stays.
  if (main.querySelector('form[data-touched]') || main.contains(document.activeElement?.closest?.('form'))) return;
  const response = await fetch(path, { headers: { accept: 'text/html' } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  const open = [...main.querySelectorAll('details')].map((one) => one.open);
  const before = main.querySelector('.sentence')?.textContent;
  main.replaceChildren(...fresh.getElementById('page').childNodes);
  main.querySelectorAll('details').forEach((one, i) => {
    if (open[i] !== undefined) one.open = open[i];
  });
  const now = main.querySelector('.sentence')?.textContent;
  if (now !== before) document.getElementById('live').textContent = `Now: ${now}`;
}

function changed(digest) {
  if (digest !== seen) refresh().catch(() => undefined);
  seen = digest;
}

function ask() {
  clearInterval(timer);
  timer = setInterval(async () => {
    const response = await fetch(`/changes/digest?path=${encodeURIComponent(path)}`).catch(() => null);
    if (response?.ok) changed((await response.json()).page);
  }, 10_000);
}

function listen() {
  const events = new EventSource(`/changes?path=${encodeURIComponent(path)}`);
  events.onmessage = ({ data }) => {
    clearInterval(timer);
    changed(data);
  };
  // The browser tries again by itself, unless it was refused for good; until then the page asks.
  events.onerror = ask;
}

document.addEventListener('input', ({ target }) => target.closest?.('form')?.setAttribute('data-touched', ''));
if (path) listen();
