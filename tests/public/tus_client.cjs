// Sends argv[4] bytes by tus-js-client to argv[2] with the session and CSRF token of a browser; cuts its own line once
// and goes on from there. Prints the upload's address.
const { Upload } = require("tus-js-client");

const [endpoint, session, size, kind, token] = process.argv.slice(2);
const data = Buffer.alloc(Number(size), "tus ");
let cut = false;

const send = (uploadUrl) => {
  const upload = new Upload(data, {
    endpoint, uploadUrl, chunkSize: 1024 * 1024, retryDelays: [0, 500, 1000, 2000], metadata: { filename: "лекция.mp4", kind },
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
