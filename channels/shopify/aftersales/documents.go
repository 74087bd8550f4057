package aftersales

const changedDocument = `query ChangedReturns($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { id returnStatus refunds(first: 1) { id } }
  }
}`

const namesDocument = `query ReturnNames($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Order { id returns(first: 25) { pageInfo { hasNextPage } nodes { id } } refunds(first: 50) { id } } }
}`

const orderDocument = `query ReturnsOrder($id: ID!) {
  node(id: $id) { ... on Return { order { id } } ... on Refund { order { id } } }
}`

const soldFields = `
fragment SoldFields on LineItem { id sku variant { id } }`

const returnFields = `
fragment ReturnFields on Return {
  id status made: createdAt
  order { id updatedAt currencyCode }
  exchangeLineItems(first: 1) { nodes { id } }
  returnLineItems(first: 20) { pageInfo { hasNextPage } nodes { id quantity processedQuantity refundableQuantity ... on ReturnLineItem {
    returnReasonDefinition { handle } fulfillmentLineItem { id lineItem { ...SoldFields } }
  } } }
  reverseFulfillmentOrders(first: 2) { nodes {
    lineItems(first: 20) { nodes { id fulfillmentLineItem { id } dispositions { type quantity location { id } } } }
    reverseDeliveries(first: 1) { nodes { deliverable { ... on ReverseDeliveryShippingDeliverable { tracking { number } } } } }
  } }
}` + soldFields

const claimsDocument = `query Returns($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Return { kind: __typename ...ReturnFields }
    ... on Refund {
      kind: __typename id createdAt order { id updatedAt currencyCode } return { id }
      totalRefundedSet { shopMoney { amount currencyCode } }
      refundLineItems(first: 20) { pageInfo { hasNextPage } nodes { quantity restockType location { id } lineItem { ...SoldFields } } }
    }
  }
}` + returnFields

const approveDocument = `mutation ApproveReturn($input: ReturnApproveRequestInput!) {
  answer: returnApproveRequest(input: $input) { return { id status } userErrors { code field message } }
}`

const declineDocument = `mutation DeclineReturn($input: ReturnDeclineRequestInput!) {
  answer: returnDeclineRequest(input: $input) { return { id status } userErrors { code field message } }
}`

const callOffDocument = `mutation CallOffReturn($id: ID!) {
  answer: returnCancel(id: $id) { return { id status } userErrors { code field message } }
}`

const closeDocument = `mutation CloseReturn($id: ID!) {
  answer: returnClose(id: $id) { return { id status } userErrors { code field message } }
}`

const suggestDocument = `query SuggestRefund($id: ID!, $lines: [SuggestedOutcomeReturnLineItemInput!]!) {
  return(id: $id) {
    suggestedFinancialOutcome(returnLineItems: $lines, exchangeLineItems: []) {
      financialTransfer { ... on RefundReturnOutcome { amount { presentmentMoney { amount } } suggestedTransactions {
        amountSet { presentmentMoney { amount currencyCode } } parentTransaction { id }
      } } }
    }
  }
}`

const processDocument = `mutation ProcessReturn($input: ReturnProcessInput!) {
  answer: returnProcess(input: $input) { return { id status } userErrors { code field message } }
}`

// Documents are all of the above, by the names of their operations; a test holds each against the vendor's own schema.
var Documents = map[string]string{
	"ChangedReturns": changedDocument, "ReturnNames": namesDocument, "ReturnsOrder": orderDocument, "Returns": claimsDocument,
	"ApproveReturn": approveDocument, "DeclineReturn": declineDocument, "CallOffReturn": callOffDocument, "CloseReturn": closeDocument,
	"SuggestRefund": suggestDocument, "ProcessReturn": processDocument,
}
