package orders

// orderFields costs about 140 points an order, mostly for its lines: most orders have fewer than twenty, the others' rest is
// read by linesDocument.

const orderFields = `
fragment OrderFields on Order {
  id name createdAt updatedAt processedAt cancelledAt cancelReason currencyCode
  displayFinancialStatus displayFulfillmentStatus note email phone
  customer { id }
  shippingAddress { name phone company address1 address2 city provinceCode zip countryCodeV2 formatted(withName: false) }
  billingAddressMatchesShippingAddress
  totalPriceSet { shopMoney { amount currencyCode } }
  totalCapturableSet { shopMoney { amount } }
  totalRefundedSet { shopMoney { amount currencyCode } }
  lineItems(first: 20) { pageInfo { hasNextPage endCursor } nodes { ...LineFields } }
  transactions(first: 3) { kind status createdAt }
  fulfillments(first: 10) { status displayStatus }
  fulfillmentOrders(first: 5) { nodes { status requestStatus fulfillBy } }
}` + lineFields

const lineFields = `
fragment LineFields on LineItem {
  id name sku quantity currentQuantity unfulfilledQuantity
  originalUnitPriceSet { shopMoney { amount currencyCode } }
  variant { id product { id } }
}`

const ordersDocument = `query Orders($ids: [ID!]!) {
  nodes(ids: $ids) { ...OrderFields }
}` + orderFields

const changedDocument = `query ChangedOrders($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { ...OrderFields }
  }
}` + orderFields

const linesDocument = `query OrderLines($id: ID!, $after: String) {
  order(id: $id) { lineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...LineFields } } }
}` + lineFields

const partsDocument = `query Parts($id: ID!) {
  order(id: $id) {
    cancelledAt
    fulfillments(first: 50) { status location { id } trackingInfo(first: 3) { company number } }
    fulfillmentOrders(first: 50) { nodes { id status requestStatus assignedLocation { location { id } } } }
  }
}`

const partLinesDocument = `query PartLines($id: ID!, $after: String) {
  node(id: $id) { ... on FulfillmentOrder {
    lineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id remainingQuantity lineItem { variant { id } } } }
  } }
}`

const parcelsDocument = `query Parcels($id: ID!) {
  order(id: $id) {
    fulfillments(first: 12) {
      status createdAt trackingInfo(first: 1) { company number }
      fulfillmentLineItems(first: 20) { pageInfo { hasNextPage } nodes { quantity lineItem { id variant { id } } } }
    }
  }
}`

const sendDocument = `mutation Send($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}`

const paymentDocument = `query Payment($id: ID!) {
  order(id: $id) {
    cancelledAt displayFinancialStatus displayFulfillmentStatus totalCapturableSet { presentmentMoney { amount currencyCode } }
    transactions(first: 50) { id kind status totalUnsettledSet { presentmentMoney { amount currencyCode } } }
  }
}`

const captureDocument = `mutation Capture($input: OrderCaptureInput!) {
  orderCapture(input: $input) { transaction { status } userErrors { field message } }
}`

const cancelDocument = `mutation Cancel($id: ID!, $reason: OrderCancelReason!, $restock: Boolean!, $note: String) {
  orderCancel(orderId: $id, reason: $reason, restock: $restock, staffNote: $note, notifyCustomer: true, refundMethod: {originalPaymentMethodsRefund: true}) {
    job { id done } orderCancelUserErrors { code field message }
  }
}`

// Documents are all of the above, by the names of their operations; a test holds each against the vendor's own schema.
var Documents = map[string]string{
	"Orders": ordersDocument, "ChangedOrders": changedDocument, "OrderLines": linesDocument, "Parts": partsDocument, "PartLines": partLinesDocument,
	"Parcels": parcelsDocument, "Send": sendDocument, "Payment": paymentDocument, "Capture": captureDocument, "Cancel": cancelDocument,
}
