package systems

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// awsAPI returns the pages of an AWS API reference, which has one for each operation.
func awsAPI(reference string) func(operation string) string {
	return func(operation string) string {
		return link(operation, fmt.Sprintf("https://docs.aws.amazon.com/%s/API_%s.html", reference, operation))
	}
}

// alicloudAPI returns the pages of an Alibaba Cloud API reference, which has one for each operation.
func alicloudAPI(service, version string) func(operation string) string {
	return func(operation string) string {
		return link(operation, fmt.Sprintf("https://www.alibabacloud.com/help/en/%[1]s/developer-reference/api-%[1]s-%[2]s-%[3]s", service, version, strings.ToLower(operation)))
	}
}

// triggerAPI is the page about the requests to HTTP triggers, and JobAPI that about the
// requests that create, read, change and remove jobs.
var (
	triggerAPI = link("HTTP Trigger", "https://support.serverworks.co.jp/hc/en-us/articles/115008907308-HTTP-Trigger")
	JobAPI     = link("Cloud Automator API", "https://api.cloudautomator.com/")
)

func link(text, address string) string { return fmt.Sprintf("[%s](%s)", text, address) }

// SendLinks are the links to the vendor's pages about the requests that carry the signal.
func (y System) SendLinks() (links []string) {
	for _, row := range All {
		if row.Type == y.Type {
			links = append(links, y.operationLink(row.Operation))
		}
	}
	return unique(links)
}

// ReadLinks are the links to the vendor's pages about the reads of a wait. The policy of the
// wait lists them; without a policy, it is the read of the target's status.
func (y System) ReadLinks(policy string) (links []string) {
	for _, permission := range permissions.FindAllStringSubmatch(policy, -1) {
		links = append(links, y.operationLink(permission[1]))
	}
	if len(links) == 0 {
		links = []string{y.operationLink(y.Gate.Read)}
	}
	return unique(links)
}

var permissions = regexp.MustCompile(`"[a-z]+:([A-Za-z]+)"`)

// operationLink is the link of an operation, which the request log may name after its service.
func (y System) operationLink(operation string) string {
	return y.Docs.API(operation[strings.LastIndex(operation, ".")+1:])
}

// unique removes all repeats, and keeps the order.
func unique(links []string) (once []string) {
	for _, link := range links {
		if !slices.Contains(once, link) {
			once = append(once, link)
		}
	}
	return once
}
