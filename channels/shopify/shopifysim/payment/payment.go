// Package payment is the money of an order at the simulated Shopify: what moved, and what that comes to.
package payment

import (
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/amount"
)

// Transaction is a movement of money.
type Transaction struct {
	ID      int64
	Kind    string // AUTHORIZATION, CAPTURE, SALE, REFUND, VOID
	Status  string // SUCCESS, PENDING, FAILURE
	Amount  amount.Amount
	Parent  *Transaction
	Created time.Time
}

// Paid is what a buyer has paid.
func Paid(all []*Transaction) (sum amount.Amount) {
	for _, t := range all {
		if (t.Kind == "SALE" || t.Kind == "CAPTURE") && t.Status == "SUCCESS" {
			sum += t.Amount
		}
	}
	return sum
}

// Open is what is left to capture of an authorisation.
func Open(all []*Transaction, authorisation *Transaction) amount.Amount {
	left := authorisation.Amount
	for _, t := range all {
		if t.Kind == "CAPTURE" && t.Parent == authorisation && t.Status != "FAILURE" {
			left -= t.Amount
		}
	}
	return left
}
