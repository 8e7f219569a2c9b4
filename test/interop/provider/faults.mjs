// Faults: what goes wrong on the way between a client and the provider, by order of a test.
//
// A fault is {path?, method?, contains?, times = 1, kind = 'status', ...}; the first that matches a request is used up by it.
// contains: what the request's decoded body must contain. Kinds:
//   status    answers {status = 503, headers, body} instead
//   reset     resets the connection          close     closes it without an answer
//   hang      never answers                  truncate  declares more bytes than it sends, then breaks off
//   drip      one byte every everyMs         delay     waits ms, then the provider answers
//   after     the provider processes the request, then the connection is reset: the answer is lost

const resetConnection = (socket) => (socket.encrypted ? socket.destroy() : socket.resetAndDestroy());

export class Faults {
  list = [];

  add(fault) { this.list.push({ times: 1, kind: 'status', ...fault }); }
  clear() { this.list.length = 0; }

  /// The fault for this request, or undefined.
  take(method, path, body = '') {
    const text = [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`).join('&');
    const i = this.list.findIndex((fault) => (!fault.path || fault.path === path) && (!fault.method || fault.method === method)
      && (!fault.contains || text.includes(fault.contains)));
    if (i < 0) return undefined;
    const fault = this.list[i];
    fault.times -= 1;
    if (fault.times <= 0) this.list.splice(i, 1);
    return fault;
  }
}

/// True when the fault was the whole answer; false when the provider is to process the request.
export async function apply(fault, req, res) {
  const status = fault.status ?? (fault.kind === 'status' ? 503 : 200);
  const headers = { 'content-type': 'application/json', ...(fault.headers ?? {}) };
  const body = fault.body ?? JSON.stringify({ error: 'temporarily_unavailable' });
  switch (fault.kind) {
    case 'reset': resetConnection(req.socket); return true;
    case 'close': req.socket.end(); return true;
    case 'hang': return true;
    case 'truncate':
      res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) + 100 });
      res.write(body);
      setTimeout(() => req.socket.destroy(), 20);
      return true;
    case 'drip': drip(res, status, headers, body, fault.everyMs ?? 50); return true;
    case 'delay': await new Promise((resolve) => { setTimeout(resolve, fault.ms ?? 1000); }); return false;
    case 'after': loseAnswer(req, res); return false;
    case 'status': res.writeHead(status, headers); res.end(body); return true;
    default: throw new Error(`unknown fault kind ${fault.kind}`);
  }
}

function drip(res, status, headers, body, everyMs) {
  res.writeHead(status, headers);
  let sent = 0;
  const timer = setInterval(() => {
    if (sent === body.length) { clearInterval(timer); res.end(); return; }
    res.write(body[sent]);
    sent += 1;
  }, everyMs);
  res.on('close', () => clearInterval(timer));
}

function loseAnswer(req, res) {
  res.end = function end() { resetConnection(req.socket); return this; };
  res.write = () => true;
}
