// Sends argv[4] bytes by tus-js-client to argv[2] with the session and CSRF token of a browser. Prints the upload's address.
// argv[7] is "cut" (the line is cut once and it goes on from there), "parallel" or "deferred".
const { Readable } = require("node:stream");
const { Upload } = require("tus-js-client");

const [endpoint, session, size, kind, token, way = "cut"] = process.argv.slice(2);
const data = Buffer.alloc(Number(size), "tus ");
const ways = { cut: {}, parallel: { parallelUploads: 3 }, deferred: { uploadLengthDeferred: true } };
let cut = way !== "cut";

const send = (uploadUrl) => {
  const upload = new Upload(way === "deferred" ? Readable.from([data]) : data, {
    ...ways[way], endpoint, uploadUrl, chunkSize: 1024 * 1024, retryDelays: [0, 500, 1000, 2000], metadata: { filename: "лекция.mp4", kind },
    onBeforeRequest: (request) => {
      request.setHeader("Cookie", `lectern=${session}`);
      request.setHeader("X-CSRFToken", token);
    },
    onError: (error) => { console.error(String(error)); process.exitCode = 1; },
    onProgress: async (sent) => {
      if (cut || sent < data.length / 2) return;
      cut = true;
      await upload.abort();
      send(upload.url);
    },
    onSuccess: () => { console.log(upload.url); },
  });
  upload.start();
};
send();
