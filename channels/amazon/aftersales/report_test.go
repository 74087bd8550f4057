package aftersales

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
)

const report = `<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion></Header><MessageType>ProcessingReport</MessageType><Message><MessageID>1</MessageID>
<ProcessingReport><StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>1</MessagesProcessed><MessagesSuccessful>0</MessagesSuccessful><MessagesWithError>1</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>
<Result><MessageID>1</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>18028</ResultMessageCode><ResultDescription>The order cannot be cancelled.</ResultDescription></Result></ProcessingReport></Message></AmazonEnvelope>`

func TestReport(t *testing.T) {
	well := strings.Replace(report[:strings.Index(report, "<Result>")], "<MessagesWithError>1", "<MessagesWithError>0", 1) + "</ProcessingReport></Message></AmazonEnvelope>"
	for name, test := range map[string]struct {
		text    string
		no, err channels.Class
		says    string
	}{
		"refused":                 {report, channels.Rejected, "", "The order cannot be cancelled."},
		"done":                    {well, "", "", ""},
		"a warning is no refusal": {strings.Replace(report, ">Error<", ">Warning<", 1), channels.Rejected, "", "does not say why"}, // its summary still counts an error
		"half a report":           {strings.Replace(report, "<Result>", "<Else>", 1), "", channels.Retry, ""},
		"no report":               {"<html>", "", channels.Retry, ""},
	} {
		no, err := judge([]byte(test.text))
		if (no == nil) != (test.no == "") || no != nil && (channels.ClassOf(no) != test.no || !strings.Contains(no.Error(), test.says)) || (err == nil) != (test.err == "") {
			t.Errorf("%s: %v, %v", name, no, err)
		}
	}
}

// The document is what the vendor's schema wants, in its order.
func TestDocument(t *testing.T) {
	d := &Desk{seller: "A1"}
	text := string(d.document(channels.Order{ID: "026-1", Lines: []channels.Line{{Items: []string{"11"}}, {Items: []string{"12"}}}}, "NoInventory"))
	want := xml.Header + `<AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>A1</MerchantIdentifier></Header><MessageType>OrderAcknowledgement</MessageType>` +
		`<Message><MessageID>1</MessageID><OrderAcknowledgement><AmazonOrderID>026-1</AmazonOrderID><StatusCode>Failure</StatusCode>` +
		`<Item><AmazonOrderItemCode>11</AmazonOrderItemCode><CancelReason>NoInventory</CancelReason></Item>` +
		`<Item><AmazonOrderItemCode>12</AmazonOrderItemCode><CancelReason>NoInventory</CancelReason></Item></OrderAcknowledgement></Message></AmazonEnvelope>`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func FuzzReport(f *testing.F) {
	f.Add(report)
	f.Add(`<AmazonEnvelope/>`)
	f.Fuzz(func(t *testing.T, text string) {
		no, err := judge([]byte(text))
		if no != nil && err != nil {
			t.Errorf("a refusal and a fault at once: %v, %v", no, err)
		}
		if no != nil && channels.ClassOf(no) != channels.Rejected {
			t.Errorf("a refusal of class %s", channels.ClassOf(no))
		}
	})
}
