// The provider's storage, in memory. It also notices polls: every look-up of a pollable request by the token endpoint.

const POLLABLE = new Set(['BackchannelAuthenticationRequest', 'DeviceCode']);
const keyOf = (model, id) => `${model}\u0000${id}`;

export class Storage {
  #entries = new Map(); // key -> {model, id, payload, until (ms)}
  #settings;

  /// Called as async (model, id, payload) for every look-up of a pollable request; may throw an OAuth error.
  onLookUp = async () => {};

  constructor(settings) { this.#settings = settings; }

  put(model, id, payload, expiresIn) {
    const until = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
    this.#entries.set(keyOf(model, id), { model, id, payload, until });
  }

  get(model, id) {
    const entry = this.#entries.get(keyOf(model, id));
    if (!entry) return undefined;
    const kept = POLLABLE.has(model) && this.#settings.keepExpired;
    if (entry.until <= Date.now() && !kept) { this.drop(model, id); return undefined; }
    return entry.payload;
  }

  has(model, id) { return this.#entries.has(keyOf(model, id)); }
  drop(model, id) { this.#entries.delete(keyOf(model, id)); }
  all(filter) { return [...this.#entries.values()].filter(filter); }

  expire(model, id) {
    const entry = this.#entries.get(keyOf(model, id));
    entry.payload.exp = Math.floor(Date.now() / 1000) - 1;
    if (this.#settings.keepExpired) entry.until = Infinity; else this.drop(model, id);
  }

  dropWhere(filter) {
    let dropped = 0;
    for (const [key, entry] of this.#entries) if (filter(entry)) { this.#entries.delete(key); dropped += 1; }
    return dropped;
  }

  /// The class that node-oidc-provider wants as its adapter.
  adapter() {
    const storage = this;
    return class Adapter {
      constructor(model) { this.model = model; }
      async upsert(id, payload, expiresIn) { storage.put(this.model, id, payload, expiresIn); }
      async find(id) {
        const payload = storage.get(this.model, id);
        if (payload && POLLABLE.has(this.model)) await storage.onLookUp(this.model, id, payload);
        return storage.get(this.model, id);
      }
      async findByUid(uid) { return this.#first((payload) => payload.uid === uid); }
      async findByUserCode(code) { return this.#first((payload) => payload.userCode === code); }
      async consume(id) { const payload = storage.get(this.model, id); if (payload) payload.consumed = Math.floor(Date.now() / 1000); }
      async destroy(id) { storage.drop(this.model, id); }
      async revokeByGrantId(grantId) { storage.dropWhere((entry) => entry.payload.grantId === grantId); }
      #first(match) { return storage.all((entry) => entry.model === this.model && match(entry.payload))[0]?.payload; }
    };
  }
}
