package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

const (
	maxMessages = 10               // of one ReceiveMessage, and of one DeleteMessageBatch
	longestWait = 20 * time.Second // the vendor's most
)

// Queue is an Amazon SQS queue. Its two calls are signed with Signature Version 4, by AWS's own signer.
type Queue struct {
	wire
	address, region string
	key             aws.Credentials
	signer          *v4.Signer
}

var _ channels.Queue = (*Queue)(nil)

// QueueOf opens the queue of a connection; nil when it has none.
func QueueOf(o channels.Opening) *Queue {
	extra := o.Connection.Extra
	if extra[ExtraQueue] == "" {
		return nil
	}
	return &Queue{
		wire: newWire(o), address: extra[ExtraQueue], region: extra[ExtraRegion],
		key: aws.Credentials{AccessKeyID: extra[ExtraKey], SecretAccessKey: extra[ExtraSecret]}, signer: v4.NewSigner(),
	}
}

// ARN names the queue for Amazon, by its address: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME. region is what to take
// where the host does not name one. problem is what is wrong with the address.
func ARN(address, region string) (arn, in, problem string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", "is no address"
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !ok || account == "" || name == "" || strings.Contains(name, "/") {
		return "", "", "must end in the account's number and the queue's name"
	}
	if host := strings.Split(u.Hostname(), "."); region == "" && len(host) > 2 && host[0] == "sqs" {
		region = host[1]
	}
	if region == "" {
		return "", "", "does not name its region: give the AWS region as well"
	}
	return "arn:aws:sqs:" + region + ":" + account + ":" + name, region, ""
}

// Receive implements channels.Queue.
func (q *Queue) Receive(ctx context.Context, wait time.Duration) ([]channels.Message, error) {
	wait = min(wait, longestWait)
	data, err := q.call(ctx, "receive messages", "ReceiveMessage", struct {
		URL  string `json:"QueueUrl"`
		Most int    `json:"MaxNumberOfMessages"`
		Wait int    `json:"WaitTimeSeconds"`
	}{q.address, maxMessages, int(wait / time.Second)}, wait)
	if err != nil {
		return nil, err
	}
	var said struct {
		Messages []struct {
			Receipt string `json:"ReceiptHandle"`
			Body    string `json:"Body"`
		} `json:"Messages"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return nil, Unreadable("receive messages", err)
	}
	var got []channels.Message
	for _, m := range said.Messages {
		got = append(got, channels.Message{Receipt: m.Receipt, Body: []byte(m.Body)})
	}
	return got, nil
}

// Probe reads no more than that the queue can be read: what it takes is visible to others again at once.
func (q *Queue) Probe(ctx context.Context) error {
	_, err := q.call(ctx, "receive messages", "ReceiveMessage", struct {
		URL     string `json:"QueueUrl"`
		Most    int    `json:"MaxNumberOfMessages"`
		Visible int    `json:"VisibilityTimeout"`
	}{q.address, 1, 0}, 0)
	return err
}

// Delete implements channels.Queue.
func (q *Queue) Delete(ctx context.Context, receipts ...string) error {
	type entry struct {
		ID      string `json:"Id"`
		Receipt string `json:"ReceiptHandle"`
	}
	if len(receipts) == 0 {
		return nil
	}
	if len(receipts) > maxMessages {
		return Bug("delete messages", "%d in one call, at most %d", len(receipts), maxMessages)
	}
	var entries []entry
	for i, receipt := range receipts {
		entries = append(entries, entry{strconv.Itoa(i), receipt})
	}
	data, err := q.call(ctx, "delete messages", "DeleteMessageBatch", struct {
		URL     string  `json:"QueueUrl"`
		Entries []entry `json:"Entries"`
	}{q.address, entries}, 0)
	if err != nil {
		return err
	}
	var said struct {
		Failed []struct {
			Code    channels.Text `json:"Code"`
			Message channels.Text `json:"Message"`
		} `json:"Failed"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return Unreadable("delete messages", err)
	}
	if len(said.Failed) > 0 { // they come again, and are known by their ids then
		f := said.Failed[0]
		return &channels.Failure{Class: channels.Retry, Call: "delete messages", Code: string(f.Code), Message: channels.Short(string(f.Message), 300)}
	}
	return nil
}

// call makes one signed call, which may take so much longer than others.
func (q *Queue) call(ctx context.Context, name, action string, in any, longer time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout+longer)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return nil, Bug(name, "the request could not be built")
	}
	u, err := url.Parse(q.address)
	if err != nil {
		return nil, Bug(name, "the queue's address cannot be read")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.Scheme+"://"+u.Host+"/", bytes.NewReader(body))
	if err != nil {
		return nil, Bug(name, "the request could not be built")
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	if err := q.sign(ctx, r, body); err != nil {
		return nil, Bug(name, "the request could not be signed")
	}
	fail := &channels.Failure{Class: channels.Retry, Call: name}
	response, err := q.client.Do(r) // the operator names the host, and the guarded client judges its address
	if err != nil {
		if errors.Is(err, outbound.ErrBlocked) {
			fail.Class = channels.Rejected
		}
		fail.Message, fail.Err = "no answer", channels.WithoutURL(err)
		return nil, fail
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		fail.Message, fail.Err = "the answer broke off", channels.WithoutURL(err)
		return nil, fail
	case response.StatusCode == http.StatusOK:
		return data, nil
	}
	var said struct {
		Type    channels.Text `json:"__type"`
		Message channels.Text `json:"message"`
	}
	readable := json.Unmarshal(data, &said) == nil && said.Type != ""
	_, kind, _ := strings.Cut(string(said.Type), "#")
	fail.Code, fail.Message = kind, channels.Short(string(said.Message), 300)
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests || strings.Contains(kind, "Throttl"):
		fail.Class = channels.Throttled
	case !readable:
		fail.Message = "HTTP status " + strconv.Itoa(status) + ", which is not the queue's: is its address right?"
	case status == http.StatusForbidden && strings.Contains(strings.ToLower(fail.Message), "expired"): // our clock is off
	case status == http.StatusForbidden, status == http.StatusBadRequest:
		fail.Class = channels.Rejected // the key, its rights or the address: a person must look
	}
	return nil, fail
}

func (q *Queue) sign(ctx context.Context, r *http.Request, body []byte) error {
	hash := sha256.Sum256(body)
	return q.signer.SignHTTP(ctx, q.key, r, hex.EncodeToString(hash[:]), "sqs", q.region, q.clock())
}
