// Sends a file straight into the bucket, part by part, to links that the house signs: what tus-js-client's Upload is to upload.js,
// with the same options and the same memory of what was begun. The bucket knows what has come; nothing is counted here.
import { defaultOptions } from "tus-js-client";
import { csrfToken } from "./csrf.js";

const NOT_ALL = 409;
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// In the shape of tus-js-client's errors.
class Refusal extends Error {
  constructor(status = 0, body = "") {
    super(`status ${status}`);
    this.status = status;
    this.originalResponse = status ? { getStatus: () => status, getBody: () => body } : null;
  }
}

const ask = async (method, url, body) => {
  const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}) };
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) }).catch(() => { throw new Refusal(); });
  const text = await answer.text();
  if (!answer.ok || answer.redirected) throw new Refusal(answer.ok ? 401 : answer.status, text);
  return text ? JSON.parse(text) : null;
};

export class PartsUpload {
  #memory = defaultOptions.urlStorage;
  #memoryKey = null;
  #request = null;
  // Which start is going on; anything else that wakes up has been stopped.
  #running = null;

  constructor(file, options) {
    this.file = file;
    this.options = options;
    this.url = null;
  }

  async findPreviousUploads() { return this.#memory.findUploadsByFingerprint(await this.#fingerprint()); }

  resumeFromPreviousUpload(earlier) {
    this.url = earlier.uploadUrl;
    this.#memoryKey = earlier.urlStorageKey;
  }

  async start() {
    const run = {};
    this.#running = run;
    try {
      await this.#keepTrying(run);
    } catch (error) {
      if (this.#running === run) { this.#running = null; this.options.onError(error); }
      return;
    }
    if (this.#running !== run) return;
    this.#running = null;
    await this.#forget();
    this.options.onSuccess();
  }

  async abort(terminate = false) {
    this.#running = null;
    this.#request?.abort();
    if (!terminate) return;
    await this.#forget();
    if (this.url) await ask("DELETE", `${this.url}/parts`);
  }

  async #keepTrying(run) {
    let failures = 0;
    const again = async (error) => {
      // The house says what is wrong, or that not all has come; a bucket's refusal is a link that has ended.
      const final = error.status >= 400 && error.status < 500 && error.status !== NOT_ALL && !error.ofBucket;
      if (final || failures >= this.options.retryDelays.length) throw error;
      await wait(this.options.retryDelays[failures]);
      failures += 1;
    };
    while (this.#running === run) {
      try {
        if (await this.#sendSome(run, () => { failures = 0; })) return;
      } catch (error) {
        if (this.#running !== run) return;
        await again(error);
      }
    }
  }

  // True when all has come and the house has it.
  async #sendSome(run, onPart) {
    if (!this.url) await this.#begin();
    const { sent, parts } = await this.#next();
    this.options.onProgress(sent, this.file.size);
    let before = sent;
    for (const part of parts) {
      if (this.#running !== run) return false;
      await this.#put(part, before);
      before += part.end - part.start;
      onPart();
    }
    if (parts.length > 0 || this.#running !== run) return false;
    await ask("POST", `${this.url}/complete`);
    return true;
  }

  async #begin() {
    const { filename, kind } = this.options.metadata;
    const { url } = await ask("POST", this.options.endpoint, { filename, kind, size: this.file.size });
    this.url = url;
    const begun = { size: this.file.size, metadata: this.options.metadata, creationTime: new Date().toString(), uploadUrl: url };
    this.#memoryKey = await this.#memory.addUpload(await this.#fingerprint(), begun);
  }

  async #next() {
    try {
      return await ask("GET", `${this.url}/parts`);
    } catch (error) {
      if (error.status !== 404) throw error;
      // Given up by the house meanwhile: from the start.
      await this.#forget();
      this.url = null;
      await this.#begin();
      return ask("GET", `${this.url}/parts`);
    }
  }

  #put({ start, end, link }, before) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const fail = () => { reject(Object.assign(new Refusal(request.status), { ofBucket: true })); };
      request.open("PUT", link);
      request.upload.addEventListener("progress", (event) => { this.options.onProgress(before + event.loaded, this.file.size); });
      request.addEventListener("load", () => { if (request.status === 200) resolve(); else fail(); });
      for (const trouble of ["error", "abort", "timeout"]) request.addEventListener(trouble, fail);
      this.#request = request;
      request.send(this.file.slice(start, end, "application/octet-stream"));
    });
  }

  #fingerprint() { return defaultOptions.fingerprint(this.file, this.options); }

  async #forget() {
    if (this.#memoryKey) await this.#memory.removeUpload(this.#memoryKey);
    this.#memoryKey = null;
  }
}
