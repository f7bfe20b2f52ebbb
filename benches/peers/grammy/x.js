// What X is asked.
import { createHmac } from "node:crypto";
import OAuth from "oauth-1.0a";

const x = process.env.X_API_URL;
const limit = () => AbortSignal.timeout(10_000);

/** Whether X accepts an API key and its secret. */
export async function acceptsKeyPair(consumerKey, consumerSecret) {
  const pair = `${encodeURIComponent(consumerKey)}:${encodeURIComponent(consumerSecret)}`;
  const answer = await fetch(`${x}/oauth2/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
    signal: limit(),
  });
  await answer.json();
  return answer.ok;
}

/** The account's username, or `undefined` if X refuses the four values. */
export async function whoIs({ consumerKey, consumerSecret, accessToken, accessTokenSecret }) {
  const oauth = new OAuth({
    consumer: { key: consumerKey, secret: consumerSecret },
    signature_method: "HMAC-SHA1",
    hash_function: (text, key) => createHmac("sha1", key).update(text).digest("base64"),
  });
  const request = { url: `${x}/2/users/me`, method: "GET" };
  const signed = oauth.authorize(request, { key: accessToken, secret: accessTokenSecret });
  const answer = await fetch(request.url, { headers: { ...oauth.toHeader(signed) }, signal: limit() });
  const body = await answer.json();
  return answer.ok ? body.data.username : undefined;
}
