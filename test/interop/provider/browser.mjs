// A browser as far as the device flow's pages need one: follows redirects, keeps cookies, submits the forms that it is shown.
//
// walk({uri, userCode?, sub, decision}) plays the person with the link: enters the code where it is not in the link, then
//   approve   confirms, signs in as `sub` and consents
//   deny      refuses where the code is shown
//   cancel    confirms, then goes back instead of signing in
// and tells how it ended: {status, title}.

const MOST_PAGES = 20;

const attribute = (tag, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&').replaceAll('&quot;', '"');
const titleOf = (html) => /<title>([^<]*)<\/title>/.exec(html)?.[1];

function formOf(html) {
  const form = /<form\b[^>]*>/.exec(html)?.[0];
  if (!form) return undefined;
  const fields = new Map([...html.matchAll(/<input\b[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']));
  return { action: attribute(form, 'action'), fields };
}

class Browser {
  #cookies = new Map(); // name + path -> {path, text}

  async open(url, fields) {
    let at = new URL(url);
    let body = fields && new URLSearchParams([...fields]);
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await fetch(at, { method: body ? 'POST' : 'GET', body, redirect: 'manual', headers: { cookie: this.#cookiesFor(at) } });
      this.#keep(answer.headers.getSetCookie());
      const next = answer.headers.get('location');
      if (!next) return { at, status: answer.status, html: await answer.text() };
      at = new URL(next, at);
      body = undefined;
    }
    throw new Error(`redirected without end, last to ${at}`);
  }

  #cookiesFor(url) {
    return [...this.#cookies.values()].filter(({ path }) => url.pathname.startsWith(path)).map(({ text }) => text).join('; ');
  }

  #keep(headers) {
    for (const header of headers) {
      const [text, ...attributes] = header.split(';').map((part) => part.trim());
      const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? '/';
      const gone = text.endsWith('=') || attributes.some((part) => /^expires=Thu, 01 Jan 1970/i.test(part));
      const key = `${text.split('=')[0]} ${path}`;
      if (gone) this.#cookies.delete(key); else this.#cookies.set(key, { path, text });
    }
  }
}

export async function walk({ uri, userCode, sub = 'alice', decision = 'approve' }) {
  const browser = new Browser();
  let page = await browser.open(uri);
  for (let i = 0; i < MOST_PAGES; i += 1) {
    const form = formOf(page.html);
    if (!form || page.status >= 400) return { status: page.status, title: titleOf(page.html) };
    const { fields } = form;
    const asksForCode = /<input\b[^>]*type="text" name="user_code"/.test(page.html);
    if (asksForCode) {
      if (!userCode) return { status: page.status, title: titleOf(page.html) }; // also when it was refused
      fields.set('user_code', userCode);
      userCode = undefined;
    } else if (fields.has('confirm') && decision === 'deny') {
      fields.delete('confirm');
      fields.set('abort', 'yes');
    } else if (fields.get('prompt') === 'login') {
      if (decision === 'cancel') {
        page = await browser.open(new URL(/<a href="([^"]*\/abort)">/.exec(page.html)[1], page.at));
        return { status: page.status, title: titleOf(page.html) };
      }
      fields.set('login', sub);
      fields.set('password', 'any');
    }
    page = await browser.open(new URL(form.action, page.at), fields);
  }
  throw new Error('the pages do not end');
}
