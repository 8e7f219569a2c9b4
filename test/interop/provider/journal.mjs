// Every request to the provider and its answer, so that a test can say what a client sent and when.

const LIMIT = 20000;

export class Journal {
  entries = [];
  #seq = 0;

  add(entry) {
    const recorded = { seq: ++this.#seq, at: Date.now(), ...entry };
    this.entries.push(recorded);
    if (this.entries.length > LIMIT) this.entries.shift();
    return recorded;
  }

  since(seq) { return this.entries.filter((entry) => entry.seq > seq); }
  clear() { this.entries.length = 0; }

  /// Fills the entry in when the provider answers.
  watch(res, entry) {
    const chunks = [];
    const keep = (chunk) => { if (chunk && typeof chunk !== 'function') chunks.push(Buffer.from(chunk)); };
    const { write, end } = res;
    res.write = function watchedWrite(chunk, ...rest) { keep(chunk); return write.call(this, chunk, ...rest); };
    res.end = function watchedEnd(chunk, ...rest) {
      keep(chunk);
      const text = Buffer.concat(chunks).toString('utf8');
      entry.status = res.statusCode;
      entry.response_headers = { ...res.getHeaders() };
      try { entry.response = JSON.parse(text); } catch { entry.response = text.slice(0, 2000); }
      return end.call(this, chunk, ...rest);
    };
  }
}
