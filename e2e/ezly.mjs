// Logs in to a simulated Izly with the npm client ezly, reads everything it can read, and prints what it
// heard as one JSON object. Usage: node ezly.mjs <base URL> <phone> <secret code>
import * as ezly from "ezly";

const [base, phone, secret] = process.argv.slice(2);

// fetcher sends what is meant for any of Izly's hosts to the simulator.
const fetcher = async ({ url, method, headers, content, redirect }) => {
  const there = new URL(url);
  const here = new URL(there.pathname + there.search, base);
  const response = await fetch(here, { method, headers, body: content, redirect });
  return { status: response.status, content: await response.text(), headers: response.headers };
};

// newestLink reads the outbox, a line "phone link" for each SMS.
const newestLink = async () => {
  const response = await fetch(new URL("/sms", base));
  const lines = (await response.text()).trim().split("\n").map((line) => line.split(" "));
  return lines.filter(([to]) => to === phone).at(-1)[1];
};

const heard = {};

heard.wrongCode = await ezly.login(phone, "000000", fetcher).catch((error) => error.message);

const enrol = async () => {
  heard.uid = (await ezly.login(phone, secret, fetcher)).uid;
  const activation = await ezly.extractActivationURL(await newestLink(), fetcher);
  return (await ezly.tokenize(activation, fetcher)).identification;
};

// The second enrolment is another phone: it ends the first.
const former = await enrol();
const identification = await enrol();
heard.elsewhere = await ezly.balance(former, fetcher).then(() => "", (error) => error.message);

heard.balance = (await ezly.balance(identification, fetcher)).value;
heard.topUps = await ezly.operations(identification, 0, 15, fetcher);
heard.payments = await ezly.operations(identification, 2, 15, fetcher);
heard.information = await ezly.information(identification, fetcher);
heard.limits = await ezly.limits(identification, fetcher);
heard.contact = await ezly.contact(identification, fetcher);
heard.crous = await ezly.crousContacts(identification, fetcher);
heard.events = await ezly.userEvents(identification, 10, 0, fetcher);

const before = identification.sessionID;
await ezly.refresh(identification, secret, fetcher);
heard.sessionChanged = identification.sessionID !== before;
heard.balanceAfterRefresh = (await ezly.balance(identification, fetcher)).value;
heard.counter = identification.counter;
heard.paymentCode = ezly.qrPay(identification);

console.log(JSON.stringify(heard));
