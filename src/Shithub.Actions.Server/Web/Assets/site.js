// Makes the pages live. Without it they show the same, as of when they were loaded.
'use strict';
(() => {
  const linesKept = 5000;

  const pad = n => String(n).padStart(2, '0');
  const elapsed = ms => {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return `${s}s`;
    if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
    return `${Math.floor(s / 3600)}h ${pad(Math.floor(s / 60) % 60)}m`;
  };
  const ages = [['minute', 60], ['hour', 3600], ['day', 86400]];
  const age = ms => {
    const s = Math.max(0, ms / 1000);
    const [unit, size] = ages.findLast(([, size]) => s >= size) ?? [];
    if (!unit) return 'just now';
    const n = Math.floor(s / size);
    return `${n} ${unit}${n === 1 ? '' : 's'} ago`;
  };

  // Times in the reader's zone.
  const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
  const localize = root => {
    for (const time of root.querySelectorAll('time')) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = exact.format(at);
      if (!('age' in time.dataset)) time.textContent = dated.format(at);
    }
  };
  const tick = () => {
    for (const running of document.querySelectorAll('[data-since]'))
      running.textContent = elapsed(Date.now() - new Date(running.dataset.since));
    for (const time of document.querySelectorAll('time[data-age]'))
      time.textContent = age(Date.now() - new Date(time.dateTime));
  };
  localize(document);
  tick();
  setInterval(tick, 1000);

  // Browsers that don't know the media feature 'scripting' show what is meant for pages without a script.
  for (const note of document.querySelectorAll('.no-script')) note.remove();

  // A link to a line opens the log around it.
  const reveal = () => {
    const line = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const step = line && line.closest('details');
    if (!step) return;
    step.open = true;
    line.scrollIntoView({ block: 'center' });
  };
  addEventListener('hashchange', reveal);
  reveal();

  const body = document.querySelector('[data-events]');
  if (!body || !window.EventSource) return;

  const connection = document.getElementById('connection');
  const say = text => {
    connection.textContent = text;
    connection.hidden = !text;
  };

  const numberOf = line => Number(line.id.slice(line.id.indexOf('-') + 1));
  const element = (log, n, html) => {
    const line = document.createElement('div');
    line.className = 'l';
    line.id = `L${log}-${n}`;
    const link = document.createElement('a');
    link.href = `#${line.id}`;
    link.textContent = n;
    const text = document.createElement('span');
    // The server has encoded it.
    text.innerHTML = html;
    line.append(link, text);
    return line;
  };

  const append = (log, lines) => {
    const box = document.getElementById(`log-${log}`);
    if (!box) return;
    const wasEmpty = !box.lastElementChild;
    const fresh = document.createDocumentFragment();
    let last = wasEmpty ? 0 : numberOf(box.lastElementChild);
    for (const { n, html } of lines) {
      if (n > last) {
        fresh.append(element(log, n, html));
        last = n;
      } else {
        // A line that had not ended and now has more; or one that is here already, after the connection was cut.
        const known = fresh.querySelector(`#L${log}-${n}`) ?? document.getElementById(`L${log}-${n}`);
        if (known) known.lastElementChild.innerHTML = html;
      }
    }
    box.append(fresh);
    while (box.childElementCount > linesKept) {
      box.firstElementChild.remove();
      box.classList.add('shortened');
    }
    if (wasEmpty) box.closest('details').open = true;
  };

  const atBottom = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 40;

  const listen = () => {
    const address = new URL(body.dataset.events, location.href);
    if (body.dataset.cursor) address.searchParams.set('after', body.dataset.cursor);
    const events = new EventSource(address);
    const opened = Date.now();
    events.addEventListener('open', () => say(''));
    events.addEventListener('lines', event => {
      const follow = atBottom();
      body.dataset.cursor = event.lastEventId;
      const { log, lines } = JSON.parse(event.data);
      if (log === null) {
        for (const box of body.querySelectorAll('.log')) box.replaceChildren();
        return;
      }
      append(log, lines);
      if (follow) scrollTo(0, document.documentElement.scrollHeight);
    });
    events.addEventListener('state', event => {
      const { id, html } = JSON.parse(event.data);
      const piece = document.getElementById(id);
      if (!piece) return;
      const focused = piece.contains(document.activeElement) && document.activeElement.tagName;
      piece.innerHTML = html;
      if (focused) piece.querySelector(focused.toLowerCase())?.focus();
      localize(piece);
    });
    events.addEventListener('end', () => {
      events.close();
      say('');
    });
    events.addEventListener('error', () => {
      if (events.readyState === EventSource.CONNECTING) {
        say('The connection was lost. Trying again…');
        return;
      }
      // The browser gave up: the server refused, or a proxy answered for it.
      say('The live log was cut off. Trying again…');
      setTimeout(listen, Math.max(2000, 10000 - (Date.now() - opened)));
    });
  };
  listen();
})();
