// Drives the simulator with EasyPost's own client and prints what it saw as JSON.
import EasyPost from "@easypost/api";

const { SIM_URL, KEY, SECRET, BODY, HEADER } = process.env;
const client = new EasyPost(KEY, { baseUrl: `${SIM_URL}/v2/` });
const address = (name, zip) => ({ name, street1: "1 High Street", city: "New York", state: "NY", zip, country: "US" });
const parcel = { weight: 17, length: 8, width: 6, height: 4 };

const shipment = await client.Shipment.create({ reference: "ours-1", to_address: address("Ana", "10001"), from_address: address("Shop", "94105"), parcel });
const lowest = shipment.lowestRate();
const bought = await client.Shipment.buy(shipment.id, lowest);
const byReference = await client.Shipment.retrieve("ours-1");
const list = await client.Shipment.all({ page_size: 1 });
const converted = await client.Shipment.convertLabelFormat(shipment.id, "PDF");
const file = Buffer.from(await (await fetch(converted.postage_label.label_url)).arrayBuffer()).subarray(0, 5).toString();
const failed = async (call) => {
  try {
    await call();
    return "";
  } catch (e) {
    return `${e.statusCode} ${e.code}`;
  }
};
const twice = await failed(() => client.Shipment.buy(shipment.id, lowest));
const refunded = await client.Shipment.refund(shipment.id);
const tracker = await client.Tracker.create({ tracking_code: "EZ1000000001", carrier: "USPS" });
const hook = await client.Webhook.create({ url: "http://127.0.0.1:1/hook", webhook_secret: SECRET });
const hooks = await client.Webhook.all();
const other = new EasyPost("EZTKother", { baseUrl: `${SIM_URL}/v2/` });
const wrongKey = await failed(() => other.Shipment.all({ page_size: 1 }));
const missing = await failed(() => client.Shipment.retrieve("shp_none"));
let event = "";
try {
  event = client.Utils.validateWebhook(Buffer.from(BODY), { "X-Hmac-Signature": HEADER }, SECRET).result.status;
} catch (e) {
  event = e.message;
}
process.stdout.write(JSON.stringify({
  lowest: `${lowest.carrier} ${lowest.service} ${lowest.rate}`, tracking: bought.tracking_code, again: byReference.tracking_code, listed: list.shipments.length, file, twice,
  refund: refunded.refund_status, tracker: tracker.status, hook: hook.url, hooks: hooks.webhooks.length, wrongKey, missing, event,
}));
