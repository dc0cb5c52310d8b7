package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// CloudAutomator has options for behaviour of Cloud Automator that its documents do not
// settle.
type CloudAutomator struct {
	// APIKeys are the accepted keys of the job API. Default: "sandbox-api-key".
	APIKeys []string
	// PatchRotates gives a job a new URL and access token with each PATCH, as the console's "Update" button does.
	PatchRotates bool
	// With PatchKeepsURL, PatchRotates changes only the access token, and with
	// PatchKeepsToken only the URL.
	PatchKeepsURL, PatchKeepsToken bool
	// Inactive is the trigger's answer for a job that is inactive, expired or not effective
	// yet. Default InactiveNotFound.
	Inactive InactiveAnswer
	// TakesBody accepts a body in a trigger request. By default it is refused, because the
	// document asks for Content-Length: 0.
	TakesBody bool
	// TextJobID sends trigger_job_id as a string, and not as a number as in the document.
	TextJobID bool
	// Errors is the shape of error bodies. Default ErrorsJSONAPI.
	Errors ErrorShape
	// DeleteStatus is the status of a successful DELETE: 204 (default), or 200 with an empty document.
	DeleteStatus int
	// ActionDefaults are members that the service adds to each action_value that lacks them.
	ActionDefaults map[string]any
	// RequestIDs puts an X-Request-Id on each answer.
	RequestIDs bool
	// Words are the ways in which answers differ from what was requested.
	Words []Wording
	// IgnoresRuntimeValues ignores allow_runtime_action_values in a PATCH.
	IgnoresRuntimeValues bool
	// RuntimeValues sets allow_runtime_action_values, and PostProcesses sets
	// completed_post_process_id, for a job whose creation does not have them.
	RuntimeValues bool
	PostProcesses []int
	// Extra are additional attributes in answers.
	Extra, ExtraRule map[string]any
}

// Wording is a way in which an answer may differ from what was requested. It is not known
// which of them the service has.
type Wording string

// The wordings.
const (
	// ListsReversed reverses the lists in action_value.
	ListsReversed Wording = "lists_reversed"
	// ListsSorted sorts them.
	ListsSorted Wording = "lists_sorted"
	// EmptyAsNull shows [], {} and "" as null.
	EmptyAsNull Wording = "empty_as_null"
	// EmptyLeftOut omits them and null from action_value.
	EmptyLeftOut Wording = "empty_left_out"
	// NullAsEmpty shows null as "".
	NullAsEmpty Wording = "null_as_empty"
	// TrueAsOne shows flags in action_value as "1" and "0".
	TrueAsOne Wording = "true_as_one"
	// AllAsText shows numbers and flags as text.
	AllAsText Wording = "all_as_text"
	// DatesAsTimes shows a date as the beginning of its day in Japan.
	DatesAsTimes Wording = "dates_as_times"
	// DatesWithSlashes shows it with slashes.
	DatesWithSlashes Wording = "dates_with_slashes"
	// IDsSorted sorts lists of ids.
	IDsSorted Wording = "ids_sorted"
	// NamesTrimmed removes spaces at both ends of a name.
	NamesTrimmed Wording = "names_trimmed"
	// NumericIDs writes the ids of jobs as numbers.
	NumericIDs Wording = "numeric_ids"
	// ByteOrderMark puts a byte order mark before each answer.
	ByteOrderMark Wording = "byte_order_mark"
)

// Wordings are all wordings.
var Wordings = []Wording{ListsReversed, ListsSorted, EmptyAsNull, EmptyLeftOut, NullAsEmpty, TrueAsOne, AllAsText, DatesAsTimes, DatesWithSlashes, IDsSorted,
	NamesTrimmed, NumericIDs, ByteOrderMark}

// InactiveAnswer is a possible answer of the trigger for a job that does not run.
type InactiveAnswer string

// The answers for a job that does not run.
const (
	// InactiveNotFound answers 404. It is the default.
	InactiveNotFound InactiveAnswer = "not_found"
	// InactiveRefused answers 400.
	InactiveRefused InactiveAnswer = "refused"
	// InactiveNotOK answers 200 with a result other than ok, and runs nothing.
	InactiveNotOK InactiveAnswer = "not_ok"
	// InactiveRuns runs the job anyway.
	InactiveRuns InactiveAnswer = "runs"
)

// ErrorShape is a possible shape of error bodies.
type ErrorShape string

// The shapes of error bodies.
const (
	// ErrorsJSONAPI is a JSON:API document with errors. It is the default.
	ErrorsJSONAPI ErrorShape = "json_api"
	// ErrorsMessage is {"message": ...}.
	ErrorsMessage ErrorShape = "message"
	// ErrorsText is plain text.
	ErrorsText ErrorShape = "text"
	// ErrorsEmpty is no body at all.
	ErrorsEmpty ErrorShape = "empty"
	// ErrorsHTML is a web page.
	ErrorsHTML ErrorShape = "html"
)

func (o CloudAutomator) check() error {
	switch {
	case !slices.Contains([]InactiveAnswer{"", InactiveNotFound, InactiveRefused, InactiveNotOK, InactiveRuns}, o.Inactive):
		return fmt.Errorf("unknown answer for inactive jobs %q", o.Inactive)
	case !slices.Contains([]ErrorShape{"", ErrorsJSONAPI, ErrorsMessage, ErrorsText, ErrorsEmpty, ErrorsHTML}, o.Errors):
		return fmt.Errorf("unknown shape of errors %q", o.Errors)
	case slices.ContainsFunc(o.Words, func(w Wording) bool { return !slices.Contains(Wordings, w) }):
		return fmt.Errorf("unknown wording in %q", o.Words)
	case !slices.Contains([]int{0, 200, 204}, o.DeleteStatus):
		return fmt.Errorf("a DELETE that succeeds answers 200 or 204, not %d", o.DeleteStatus)
	}
	return nil
}

// TriggerJob describes a job to create without a request. Empty fields get defaults.
type TriggerJob struct {
	// ID, Token and AccessToken are generated if empty.
	ID          string
	Token       string
	AccessToken string
	Name        string
	// RuleType is webhook by default; a job of another type has RuleValue, and no URL.
	RuleType  string
	RuleValue map[string]any
	// ActionType is delay by default.
	ActionType  string
	ActionValue map[string]any
	Inactive    bool
	// EffectiveDate and ExpirationDate are dates, 2006-01-02 in Japan's time zone, or times as in RFC 3339.
	EffectiveDate  string
	ExpirationDate string
}

// TriggerJobState is the present state of a job, without the lag of reads.
type TriggerJobState struct {
	ID string
	// Token is the last part of the trigger's URL. It and AccessToken are empty unless the job has an HTTP trigger.
	Token       string
	AccessToken string
	Attributes  TriggerJobAttributes
	// Runs are the times at which the trigger started the job.
	Runs []time.Time
	// Rotations is how often the URL and the access token were replaced.
	Rotations int
}

// TriggerJobAttributes are the attributes of a trigger_jobs resource of the job API.
type TriggerJobAttributes struct {
	Name                     string          `json:"name"`
	Active                   bool            `json:"active"`
	GroupID                  int             `json:"group_id"`
	AWSAccountID             *int            `json:"aws_account_id"`
	AWSAccountIDs            []int           `json:"aws_account_ids"`
	GoogleCloudAccountID     *int            `json:"google_cloud_account_id"`
	RuleType                 string          `json:"rule_type"`
	RuleValue                map[string]any  `json:"rule_value"`
	ActionType               string          `json:"action_type"`
	ActionValue              map[string]any  `json:"action_value"`
	AllowRuntimeActionValues *bool           `json:"allow_runtime_action_values"`
	ForWorkflow              *bool           `json:"for_workflow,omitempty"`
	EffectiveDate            *string         `json:"effective_date"`
	ExpirationDate           *string         `json:"expiration_date"`
	CompletedPostProcessID   []int           `json:"completed_post_process_id"`
	FailedPostProcessID      []int           `json:"failed_post_process_id"`
	CreatedAt                japaneseInstant `json:"created_at"`
	UpdatedAt                japaneseInstant `json:"updated_at"`
}

// japan is the time zone of the service's dates and times.
var japan = time.FixedZone("JST", 9*60*60)

// japaneseInstant is a time that is marshalled as in the job API: RFC 3339 with
// milliseconds, +09:00.
type japaneseInstant struct{ time.Time }

func (t japaneseInstant) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.In(japan).Format("2006-01-02T15:04:05.000-07:00"))
}

const (
	webhook       = "webhook"
	noAction      = "no_action"
	triggerPrefix = "/trigger/"
	jobsPath      = "/api/v1/jobs"
	// jobPageSize and largestJobPage are the default and the maximum of page[size]. The
	// documents state no limits.
	jobPageSize, largestJobPage = 15, 100
)

// jobMembers are the members of a request's body that a client can set.
var jobMembers = []string{
	"name", "group_id", "aws_account_id", "aws_account_ids", "google_cloud_account_id", "rule_type", "rule_value", "action_type", "action_value",
	"allow_runtime_action_values", "for_workflow", "effective_date", "expiration_date", "completed_post_process_id", "failed_post_process_id",
}

var actionTypes = strings.Fields(`
	attach_user_policy authorize_security_group_ingress bulk_delete_ebs_snapshots bulk_delete_images bulk_delete_rds_cluster_snapshots
	bulk_delete_rds_snapshots bulk_stop_instances change_elasticache_node_type change_instance_type change_rds_cluster_instance_class
	change_rds_instance_class copy_ebs_snapshot copy_image copy_rds_cluster_snapshot copy_rds_snapshot create_ebs_snapshot create_fsx_backup
	create_image create_nat_gateway create_rds_cluster_snapshot create_rds_snapshot create_redshift_snapshot delay delete_cluster
	delete_nat_gateway delete_rds_cluster delete_rds_instance deregister_instances deregister_target_instances describe_metadata
	detach_user_policy disaster_recovery no_action dynamodb_start_backup_job ec2_start_backup_job ecs_change_service_task_count efs_start_backup_job
	google_compute_insert_machine_image google_compute_start_vm_instances google_compute_stop_vm_instances invoke_lambda_function
	reboot_rds_instances reboot_workspaces rebuild_workspaces register_instances register_target_instances restore_from_cluster_snapshot
	restore_rds_cluster restore_rds_instance revoke_security_group_ingress run_ecs_tasks_fargate s3_start_backup_job send_command
	start_instances start_rds_clusters start_rds_instances start_workspaces stop_ecs_tasks stop_instances stop_rds_clusters
	stop_rds_instances terminate_workspaces update_record_set vault_recovery_point_start_copy_job windows_update windows_update_v2`)

// cloudAutomator simulates the job API, version 1, and the HTTP triggers of Cloud Automator.
type cloudAutomator struct {
	sandbox *Sandbox
	initial CloudAutomator
	lag     time.Duration
	// retryAfter is sent with throttled requests, unless it is 0.
	retryAfter time.Duration

	mu   sync.Mutex
	play CloudAutomator
	// jobs are in the order of their creation. They include removed jobs, because reads may
	// lag behind.
	jobs   []*triggerJob
	lastID int
}

// A triggerJob is a job with its earlier versions.
type triggerJob struct {
	now  TriggerJobState
	gone bool
	past history[jobVersion]
}

// A jobVersion is what reads show of a job.
type jobVersion struct {
	gone bool
	TriggerJobAttributes
}

func newCloudAutomator(s *Sandbox, o Options) *cloudAutomator {
	return &cloudAutomator{sandbox: s, initial: valid(o.CloudAutomator), play: o.CloudAutomator, lag: o.ReadLag, retryAfter: o.RetryAfter, lastID: 1000}
}

func (m *cloudAutomator) name() string { return "cloudautomator" }

func (m *cloudAutomator) match(c *call) bool {
	return strings.HasPrefix(c.r.URL.Path, triggerPrefix) || strings.HasPrefix(c.r.URL.Path, "/api/v1/")
}

func (m *cloudAutomator) describe(c *call) (operation, region string) {
	if isTrigger(c) {
		return "TriggerJob", ""
	}
	if c.r.URL.Path == jobsPath {
		return map[string]string{http.MethodPost: "CreateJob", http.MethodGet: "ListJobs"}[c.r.Method], ""
	}
	if jobID(c) == "" {
		return "", ""
	}
	return map[string]string{http.MethodGet: "GetJob", http.MethodPatch: "UpdateJob", http.MethodDelete: "DeleteJob"}[c.r.Method], ""
}

func isTrigger(c *call) bool { return strings.HasPrefix(c.r.URL.Path, triggerPrefix) }

// jobID returns the id in the path of a request about one job, "" for other requests.
func jobID(c *call) string {
	id, ok := strings.CutPrefix(c.r.URL.Path, jobsPath+"/")
	if !ok || strings.Contains(id, "/") {
		return ""
	}
	return id
}

var (
	errNoTrigger = failf(404, "not_found", "There is no such trigger, or the access token is not its own.")
	errNoJob     = failf(404, "not_found", "There is no such job.")
	errNoRoute   = failf(404, "not_found", "There is nothing at this path.")
)

func (m *cloudAutomator) authenticate(c *call) *apiError {
	m.mu.Lock()
	defer m.mu.Unlock()
	scheme, secret, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if isTrigger(c) {
		if job := m.triggered(c); c.r.Method != http.MethodPost || job == nil || scheme != "CAAuth" || secret != job.now.AccessToken {
			return errNoTrigger
		}
		return nil
	}
	keys := m.play.APIKeys
	if keys == nil {
		keys = []string{"sandbox-api-key"}
	}
	if scheme != "Bearer" || !slices.Contains(keys, secret) {
		return failf(401, "unauthorized", "The API key is not valid.")
	}
	return nil
}

// triggered returns the job of a trigger's URL. The caller must hold m.mu.
func (m *cloudAutomator) triggered(c *call) *triggerJob {
	token := strings.TrimPrefix(c.r.URL.Path, triggerPrefix)
	return m.find(func(job *triggerJob) bool { return token != "" && job.now.Token == token })
}

// find returns the first existing job that matches, or nil. The caller must hold m.mu.
func (m *cloudAutomator) find(match func(*triggerJob) bool) *triggerJob {
	i := slices.IndexFunc(m.jobs, func(job *triggerJob) bool { return !job.gone && match(job) })
	if i < 0 {
		return nil
	}
	return m.jobs[i]
}

func (m *cloudAutomator) job(id string) *triggerJob {
	return m.find(func(job *triggerJob) bool { return job.now.ID == id })
}

func (m *cloudAutomator) act(c *call) (reply, *apiError) {
	operation := map[string]func(*call) (int, any, *apiError){
		"TriggerJob": m.trigger,
		"CreateJob":  m.createJob,
		"ListJobs":   m.listJobs,
		"GetJob":     m.getJob,
		"UpdateJob":  m.updateJob,
		"DeleteJob":  m.deleteJob,
	}[c.operation]
	if operation == nil {
		return reply{}, errNoRoute
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	status, out, e := operation(c)
	if e != nil {
		return reply{}, e
	}
	p := reply{status: status, header: m.header(c, "application/json; charset=utf-8")}
	if status == http.StatusNoContent {
		delete(p.header, "Content-Type")
	} else {
		p.body = mustJSON(out)
		if slices.Contains(m.play.Words, ByteOrderMark) {
			p.body = append([]byte("\ufeff"), p.body...)
		}
	}
	return p, nil
}

// header returns the headers of an answer. The caller must hold m.mu.
func (m *cloudAutomator) header(c *call, contentType string) map[string]string {
	header := map[string]string{"Content-Type": contentType}
	if m.play.RequestIDs {
		header["X-Request-Id"] = c.requestID
	}
	return header
}

func (m *cloudAutomator) failure(c *call, e *apiError) reply {
	m.mu.Lock()
	defer m.mu.Unlock()
	contentType, body := "application/json; charset=utf-8", []byte(nil)
	switch cmp.Or(m.play.Errors, ErrorsJSONAPI) {
	case ErrorsJSONAPI:
		body = mustJSON(map[string]any{"errors": []any{map[string]string{
			"status": strconv.Itoa(e.status), "code": e.code, "title": http.StatusText(e.status), "detail": e.message,
		}}})
	case ErrorsMessage:
		body = mustJSON(map[string]string{"message": e.message})
	case ErrorsText:
		contentType, body = "text/plain; charset=utf-8", []byte(e.message)
	case ErrorsHTML:
		page := Fault{}.page(e.status)
		contentType, body = page.header["Content-Type"], page.body
	}
	p := reply{status: e.status, header: m.header(c, contentType), body: body}
	if len(body) == 0 {
		delete(p.header, "Content-Type")
	}
	if e.status == http.StatusTooManyRequests && m.retryAfter > 0 {
		p.header["Retry-After"] = strconv.Itoa(int(m.retryAfter.Seconds()))
	}
	return p
}

// fault returns errors that do not contradict the documents. They say that after a 500 or
// 503 of a trigger nothing has started.
func (m *cloudAutomator) fault(c *call, k Kind) *apiError {
	switch {
	case k == KindRefuse:
		return failf(403, "forbidden", "This is not allowed.")
	case k == KindThrottle:
		return failf(429, "too_many_requests", "There are too many requests.")
	case k == KindExpired && isTrigger(c):
		return errNoTrigger
	case k == KindExpired:
		return failf(401, "unauthorized", "The API key has expired.")
	case k == KindErrorAfter && isTrigger(c):
		return failf(502, "bad_gateway", "The answer was lost on its way.")
	}
	return failf(500, "internal_server_error", "Something went wrong.")
}

func (m *cloudAutomator) trigger(c *call) (int, any, *apiError) {
	switch {
	case c.r.Header.Get("Content-Length") == "":
		return 0, nil, failf(411, "length_required", "A Content-Length header is needed.")
	case len(c.body) > 0 && !m.play.TakesBody:
		return 0, nil, failf(400, "bad_request", "The body has to be empty.")
	}
	// A rotation may have happened after the authentication.
	job := m.triggered(c)
	if job == nil {
		return 0, nil, errNoTrigger
	}
	if !job.now.Attributes.runnable(c.now) {
		switch m.play.Inactive {
		case InactiveRuns:
		case InactiveRefused:
			return 0, nil, failf(400, "bad_request", "The job is not active.")
		case InactiveNotOK:
			return 200, map[string]any{"result": "error", "message": "The job is not active."}, nil
		default:
			return 0, nil, errNoTrigger
		}
	}
	job.now.Runs = append(job.now.Runs, c.now)
	c.accept()
	var id any = job.now.ID
	if number, err := strconv.Atoi(job.now.ID); err == nil && !m.play.TextJobID {
		id = number
	}
	return 200, map[string]any{"result": "ok", "trigger_job_id": id}, nil
}

// runnable reports whether the job is active and inside its dates.
func (a TriggerJobAttributes) runnable(now time.Time) bool {
	effective, _ := parseDate(a.EffectiveDate)
	expiration, dated := parseDate(a.ExpirationDate)
	if dated {
		// A date is over at its end.
		expiration = expiration.AddDate(0, 0, 1)
	}
	return a.Active && !now.Before(effective) && (a.ExpirationDate == nil || now.Before(expiration))
}

// parseDate parses a text that checkDates has accepted, and reports whether it is a date
// without a time.
func parseDate(text *string) (at time.Time, dated bool) {
	if text == nil {
		return time.Time{}, false
	}
	if at, err := time.ParseInLocation(time.DateOnly, *text, japan); err == nil {
		return at, true
	}
	at, _ = time.Parse(time.RFC3339, *text)
	return at, false
}

func (m *cloudAutomator) createJob(c *call) (int, any, *apiError) {
	attributes, e := edit(c, TriggerJobAttributes{Active: true})
	if e != nil {
		return 0, nil, e
	}
	job := m.add(TriggerJobState{Attributes: attributes}, c.now)
	c.accept()
	return 201, m.jobDocument(job.now.ID, job.now.Attributes), nil
}

func (m *cloudAutomator) getJob(c *call) (int, any, *apiError) {
	for _, job := range m.jobs {
		if view, visible := job.at(m.sandbox.now().Add(-m.lag)); visible && job.now.ID == jobID(c) {
			return 200, m.jobDocument(job.now.ID, view), nil
		}
	}
	return 0, nil, errNoJob
}

func (m *cloudAutomator) listJobs(c *call) (int, any, *apiError) {
	query := c.r.URL.Query()
	number, e := pageMember(query, "page[number]", 1, 1<<31)
	if e != nil {
		return 0, nil, e
	}
	size, e := pageMember(query, "page[size]", jobPageSize, largestJobPage)
	if e != nil {
		return 0, nil, e
	}
	all := []any{}
	for _, job := range m.jobs {
		if view, visible := job.at(m.sandbox.now().Add(-m.lag)); visible {
			all = append(all, m.jobResource(job.now.ID, view))
		}
	}
	last := max(1, (len(all)+size-1)/size)
	link := func(page int, there bool) any {
		if !there {
			return nil
		}
		scheme := "http"
		if c.r.TLS != nil {
			scheme = "https"
		}
		return fmt.Sprintf("%s://%s%s?page[number]=%d&page[size]=%d", scheme, c.r.Host, jobsPath, page, size)
	}
	from := min((number-1)*size, len(all))
	return 200, map[string]any{
		"data": all[from:min(from+size, len(all))],
		"links": map[string]any{
			"self": link(number, true), "first": link(1, true), "prev": link(number-1, number > 1),
			"next": link(number+1, number < last), "last": link(last, true),
		},
		"meta": map[string]int{"total": len(all)},
	}, nil
}

func pageMember(query url.Values, name string, otherwise, largest int) (int, *apiError) {
	if !query.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < 1 || n > largest {
		return 0, failf(400, "bad_request", "%s must be a number from 1 to %d.", name, largest)
	}
	return n, nil
}

func (m *cloudAutomator) updateJob(c *call) (int, any, *apiError) {
	job := m.job(jobID(c))
	if job == nil {
		return 0, nil, errNoJob
	}
	attributes, e := edit(c, job.now.Attributes)
	if e != nil {
		return 0, nil, e
	}
	if m.play.IgnoresRuntimeValues {
		attributes.AllowRuntimeActionValues = job.now.Attributes.AllowRuntimeActionValues
	}
	attributes.UpdatedAt = japaneseInstant{c.now}
	job.now.Attributes = m.withDefaults(attributes)
	if m.play.PatchRotates && attributes.RuleType == webhook {
		url, accessToken := job.now.Token, job.now.AccessToken
		job.rotate()
		switch {
		case m.play.PatchKeepsURL:
			job.give(url, job.now.AccessToken)
		case m.play.PatchKeepsToken:
			job.give(job.now.Token, accessToken)
		}
	}
	job.commit(c.now)
	c.accept()
	return 200, m.jobDocument(job.now.ID, job.now.Attributes), nil
}

func (m *cloudAutomator) deleteJob(c *call) (int, any, *apiError) {
	job := m.job(jobID(c))
	if job == nil {
		return 0, nil, errNoJob
	}
	job.remove(c.now)
	c.accept()
	return cmp.Or(m.play.DeleteStatus, http.StatusNoContent), struct{}{}, nil
}

// edit applies the body of a request to a job's attributes, and checks the result. A job
// without a name is a new one.
func edit(c *call, before TriggerJobAttributes) (TriggerJobAttributes, *apiError) {
	if media, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";"); media != "application/json" {
		return before, failf(415, "unsupported_media_type", "The content type has to be application/json.")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &members); err != nil || members == nil {
		return before, failf(400, "bad_request", "The body is not a JSON object.")
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(jobMembers, name) {
			wrong = append(wrong, name+" is not a member that can be set")
		}
	}
	if value, given := members["rule_value"]; given && string(value) != "null" {
		wrong = append(wrong, "rule_value has to be null for rule_type webhook")
	}
	delete(members, "rule_value")
	// The copy is deep, because decoding writes into maps, slices and pointers that earlier
	// versions also have.
	var after TriggerJobAttributes
	_ = json.Unmarshal(mustJSON(before), &after)
	after.CreatedAt, after.UpdatedAt = before.CreatedAt, before.UpdatedAt
	if _, given := members["action_value"]; given {
		after.ActionValue = nil
	}
	if err := json.Unmarshal(mustJSON(members), &after); err != nil {
		mismatch := (*json.UnmarshalTypeError)(nil)
		if !errors.As(err, &mismatch) {
			return before, failf(400, "bad_request", "The body is not a JSON object.")
		}
		wrong = append(wrong, mismatch.Field+" must not be a "+mismatch.Value)
	}
	if before.Name != "" {
		for name, changed := range map[string]bool{
			"group_id": after.GroupID != before.GroupID, "rule_type": after.RuleType != before.RuleType, "action_type": after.ActionType != before.ActionType,
			"for_workflow": flag(after.ForWorkflow) != flag(before.ForWorkflow),
		} {
			if changed {
				wrong = append(wrong, name+" cannot be changed")
			}
		}
	} else if after.RuleType != webhook {
		wrong = append(wrong, "rule_type has to be webhook")
	}
	wrong = append(wrong, after.check()...)
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return before, failf(422, "unprocessable_entity", "%s.", strings.Join(wrong, "; "))
	}
	return after, nil
}

// flag returns the value of a flag, false for nil.
func flag(f *bool) bool { return f != nil && *f }

func (a TriggerJobAttributes) check() (wrong []string) {
	need := func(ok bool, words string) {
		if !ok {
			wrong = append(wrong, words)
		}
	}
	need(strings.TrimSpace(a.Name) != "", "name must not be blank")
	need(a.GroupID > 0, "group_id must be a positive number")
	need(slices.Contains(actionTypes, a.ActionType), fmt.Sprintf("action_type %q is not known", a.ActionType))
	need(a.ActionValue != nil || a.ActionType == noAction, "action_value must be an object")
	need(a.ActionType != noAction || len(a.ActionValue) == 0, "action_value must be empty for action_type no_action")
	need(a.ForWorkflow == nil || !*a.ForWorkflow || a.ActionType == noAction, "for_workflow is for action_type no_action")
	need(checkDate(a.EffectiveDate), "effective_date must be a date")
	need(checkDate(a.ExpirationDate), "expiration_date must be a date")
	ids := slices.Clone(a.AWSAccountIDs)
	kinds := 0
	for _, id := range []*int{a.AWSAccountID, a.GoogleCloudAccountID} {
		if id != nil {
			kinds++
			ids = append(ids, *id)
		}
	}
	if len(a.AWSAccountIDs) > 0 {
		kinds++
	}
	need(!slices.ContainsFunc(ids, func(id int) bool { return id < 1 }), "account ids must be positive numbers")
	google := strings.HasPrefix(a.ActionType, "google_")
	switch {
	case kinds > 1:
		need(false, "only one of aws_account_id, aws_account_ids and google_cloud_account_id can be given")
	case google:
		need(a.GoogleCloudAccountID != nil, "google_cloud_account_id is needed for this action_type")
	case a.ActionType != "delay" && a.ActionType != noAction:
		need(kinds == 1 && a.GoogleCloudAccountID == nil, "aws_account_id or aws_account_ids is needed for this action_type")
	}
	return wrong
}

func checkDate(text *string) bool {
	at, _ := parseDate(text)
	return text == nil || !at.IsZero()
}

// withDefaults adds ActionDefaults. The caller must hold m.mu.
func (m *cloudAutomator) withDefaults(a TriggerJobAttributes) TriggerJobAttributes {
	if a.ActionType != noAction {
		value := maps.Clone(m.play.ActionDefaults)
		if value == nil {
			value = map[string]any{}
		}
		maps.Copy(value, a.ActionValue)
		a.ActionValue = value
	}
	if a.AllowRuntimeActionValues == nil && m.play.RuntimeValues {
		a.AllowRuntimeActionValues = &m.play.RuntimeValues
	}
	if a.CompletedPostProcessID == nil {
		a.CompletedPostProcessID = m.play.PostProcesses
	}
	for _, list := range []*[]int{&a.AWSAccountIDs, &a.CompletedPostProcessID, &a.FailedPostProcessID} {
		if *list == nil {
			*list = []int{}
		}
	}
	return a
}

// add creates a job. The caller must hold m.mu.
func (m *cloudAutomator) add(now TriggerJobState, at time.Time) *triggerJob {
	if now.ID == "" {
		m.lastID++
		now.ID = strconv.Itoa(m.lastID)
	}
	now.Attributes = m.withDefaults(now.Attributes)
	now.Attributes.CreatedAt, now.Attributes.UpdatedAt = japaneseInstant{at}, japaneseInstant{at}
	job := &triggerJob{now: now}
	if now.Attributes.RuleType == webhook {
		job.give(cmp.Or(now.Token, newTriggerSecret()), cmp.Or(now.AccessToken, newTriggerSecret()))
	}
	job.commit(at)
	m.jobs = append(m.jobs, job)
	return job
}

func newTriggerSecret() string { return strings.ReplaceAll(newUUID(), "-", "") }

func (j *triggerJob) give(token, accessToken string) {
	j.now.Token, j.now.AccessToken = token, accessToken
	j.now.Attributes.RuleValue = map[string]any{"token": token, "access_token": accessToken, "time_zone": "Tokyo"}
}

func (j *triggerJob) rotate() {
	j.give(newTriggerSecret(), newTriggerSecret())
	j.now.Rotations++
}

func (j *triggerJob) remove(now time.Time) {
	j.gone = true
	j.commit(now)
}

func (j *triggerJob) commit(now time.Time) {
	j.past.add(now, jobVersion{j.gone, j.now.Attributes})
}

// at returns what reads show of the job at a time, and whether it existed.
func (j *triggerJob) at(moment time.Time) (TriggerJobAttributes, bool) {
	v, known := j.past.at(moment)
	return v.TriggerJobAttributes, known && !v.gone
}

func (m *cloudAutomator) jobDocument(id string, attributes TriggerJobAttributes) any {
	return map[string]any{"data": m.jobResource(id, attributes)}
}

// jobResource returns a job as the service shows it. The caller must hold m.mu.
func (m *cloudAutomator) jobResource(id string, attributes TriggerJobAttributes) any {
	said := map[string]any{}
	_ = json.Unmarshal(mustJSON(attributes), &said)
	maps.Copy(said, m.play.Extra)
	if rule, is := said["rule_value"].(map[string]any); is {
		maps.Copy(rule, m.play.ExtraRule)
	}
	var shownID any = id
	for _, w := range m.play.Words {
		said["action_value"] = w.actionValue(said["action_value"])
		switch number, err := strconv.Atoi(id); {
		case w == NumericIDs && err == nil:
			shownID = number
		case w == NamesTrimmed:
			said["name"] = strings.TrimSpace(attributes.Name)
		case w == IDsSorted:
			for _, name := range []string{"aws_account_ids", "completed_post_process_id", "failed_post_process_id"} {
				ids, _ := said[name].([]any)
				slices.SortFunc(ids, func(a, b any) int { return cmp.Compare(a.(float64), b.(float64)) })
			}
		case w == EmptyAsNull, w == NullAsEmpty:
			for name, value := range said {
				if name != "action_value" && name != "rule_value" {
					said[name] = w.actionValue(value)
				}
			}
			if w == NullAsEmpty {
				// A number cannot be shown as null.
				for _, name := range []string{"aws_account_id", "google_cloud_account_id", "allow_runtime_action_values", "for_workflow"} {
					if said[name] == "" {
						said[name] = nil
					}
				}
			}
		case w == DatesAsTimes, w == DatesWithSlashes:
			for _, name := range []string{"effective_date", "expiration_date"} {
				if at, err := time.ParseInLocation(time.DateOnly, fmt.Sprint(said[name]), japan); err == nil {
					said[name] = at.Format(map[Wording]string{DatesAsTimes: time.RFC3339, DatesWithSlashes: "2006/01/02"}[w])
				}
			}
		}
	}
	return map[string]any{"id": shownID, "type": "trigger_jobs", "attributes": said}
}

// actionValue applies the wording to a value of an action.
func (w Wording) actionValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 && w == EmptyAsNull {
			return nil
		}
		for name, member := range v {
			member = w.actionValue(member)
			if list, is := member.([]any); w == EmptyLeftOut && (member == nil || member == "" || is && len(list) == 0) {
				delete(v, name)
				continue
			}
			v[name] = member
		}
	case []any:
		if len(v) == 0 && w == EmptyAsNull {
			return nil
		}
		for i := range v {
			v[i] = w.actionValue(v[i])
		}
		switch w {
		case ListsReversed:
			slices.Reverse(v)
		case ListsSorted:
			slices.SortStableFunc(v, func(a, b any) int { return cmp.Compare(string(mustJSON(a)), string(mustJSON(b))) })
		}
	case string:
		if v == "" && w == EmptyAsNull {
			return nil
		}
	case nil:
		if w == NullAsEmpty {
			return ""
		}
	case bool:
		switch w {
		case TrueAsOne:
			return map[bool]string{true: "1", false: "0"}[v]
		case AllAsText:
			return strconv.FormatBool(v)
		}
	case float64:
		if w == AllAsText {
			return string(mustJSON(v))
		}
	}
	return value
}

func (m *cloudAutomator) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.jobs, m.play, m.lastID = nil, m.initial, 1000
}

var pathSafe = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

func (j TriggerJob) check() error {
	for name, value := range map[string]string{"ID": j.ID, "Token": j.Token} {
		if !pathSafe.MatchString(value) {
			return fmt.Errorf("%s %q does not fit into a path", name, value)
		}
	}
	if !checkDate(j.date(j.EffectiveDate)) || !checkDate(j.date(j.ExpirationDate)) {
		return fmt.Errorf("%q or %q is neither a date nor a time", j.EffectiveDate, j.ExpirationDate)
	}
	return nil
}

func (TriggerJob) date(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (m *cloudAutomator) put(j TriggerJob) TriggerJobState {
	m.mu.Lock()
	defer m.mu.Unlock()
	attributes := TriggerJobAttributes{
		Name: cmp.Or(j.Name, "sandbox"), Active: !j.Inactive, GroupID: 1, RuleType: cmp.Or(j.RuleType, webhook), RuleValue: j.RuleValue,
		ActionType: cmp.Or(j.ActionType, "delay"), ActionValue: j.ActionValue,
		EffectiveDate: j.date(j.EffectiveDate), ExpirationDate: j.date(j.ExpirationDate),
	}
	if j.ActionValue == nil && j.ActionType == "" {
		attributes.ActionValue = map[string]any{"delay_minutes": 1}
	}
	return m.add(TriggerJobState{ID: j.ID, Token: j.Token, AccessToken: j.AccessToken, Attributes: attributes}, m.sandbox.now()).now
}

// AddTriggerJob creates a job. It panics if the description is invalid.
func (s *Sandbox) AddTriggerJob(j TriggerJob) TriggerJobState {
	return s.cloudAutomator.put(valid(j))
}

// TriggerURL returns the URL whose POST runs the job.
func (s *Sandbox) TriggerURL(j TriggerJobState) string { return s.URL() + triggerPrefix + j.Token }

// TriggerJob returns the present state of a job, and false if there is none.
func (s *Sandbox) TriggerJob(id string) (TriggerJobState, bool) {
	return s.cloudAutomator.change(id, func(*triggerJob) {})
}

// TriggerJobs are all jobs that exist, oldest first.
func (s *Sandbox) TriggerJobs() []TriggerJobState {
	m := s.cloudAutomator
	m.mu.Lock()
	defer m.mu.Unlock()
	states := []TriggerJobState{}
	for _, job := range m.jobs {
		if !job.gone {
			states = append(states, job.state())
		}
	}
	return states
}

// RotateTriggerJob does what the console's "Update" button does: it replaces the URL and
// the access token. It reports whether there is such a job with an HTTP trigger.
func (s *Sandbox) RotateTriggerJob(id string) (TriggerJobState, bool) {
	rotated := false
	state, _ := s.cloudAutomator.change(id, func(job *triggerJob) {
		if rotated = job.now.Token != ""; rotated {
			job.rotate()
		}
	})
	return state, rotated
}

// ActivateTriggerJob makes a job active or inactive, as the console does. It reports
// whether the job exists.
func (s *Sandbox) ActivateTriggerJob(id string, active bool) (TriggerJobState, bool) {
	return s.cloudAutomator.change(id, func(job *triggerJob) { job.now.Attributes.Active = active })
}

// RenameTriggerJob changes a job's name, as the console does. It reports whether the job
// exists.
func (s *Sandbox) RenameTriggerJob(id, name string) (TriggerJobState, bool) {
	now := s.now()
	return s.cloudAutomator.change(id, func(job *triggerJob) {
		job.now.Attributes.Name, job.now.Attributes.UpdatedAt = name, japaneseInstant{now}
	})
}

// MoveTriggerJob puts the trigger of a job into another time zone. It reports whether the job exists.
func (s *Sandbox) MoveTriggerJob(id, zone string) (TriggerJobState, bool) {
	return s.cloudAutomator.change(id, func(job *triggerJob) {
		job.now.Attributes.RuleValue = maps.Clone(job.now.Attributes.RuleValue)
		job.now.Attributes.RuleValue["time_zone"] = zone
	})
}

// RemoveTriggerJob removes a job, as the console does. It reports whether the job existed.
func (s *Sandbox) RemoveTriggerJob(id string) (TriggerJobState, bool) {
	return s.cloudAutomator.change(id, func(job *triggerJob) { job.gone = true })
}

// PlayCloudAutomator changes the service's behaviour until the next reset. It panics if the
// options are invalid.
func (s *Sandbox) PlayCloudAutomator(o CloudAutomator) {
	m := s.cloudAutomator
	m.mu.Lock()
	defer m.mu.Unlock()
	m.play = valid(o)
}

func (j *triggerJob) state() TriggerJobState {
	state := j.now
	state.Runs = slices.Clone(state.Runs)
	return state
}

// change changes a job without a request to the API.
func (m *cloudAutomator) change(id string, f func(*triggerJob)) (TriggerJobState, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	job := m.job(id)
	if job == nil {
		return TriggerJobState{}, false
	}
	f(job)
	job.commit(m.sandbox.now())
	return job.state(), true
}

func (m *cloudAutomator) routes() []route {
	return []route{
		{"GET /_sandbox/cloudautomator/jobs", "all jobs with their runs", all(m.sandbox.TriggerJobs)},
		{"POST /_sandbox/cloudautomator/jobs", "put a TriggerJob there", given(m.put)},
		{"GET /_sandbox/cloudautomator/jobs/{id}", "one job with its runs", named("job", m.sandbox.TriggerJob)},
		{"DELETE /_sandbox/cloudautomator/jobs/{id}", "remove a job in the console", named("job", m.sandbox.RemoveTriggerJob)},
		{"POST /_sandbox/cloudautomator/jobs/{id}/rotate", `press the console's "Update" button`, named("job", m.sandbox.RotateTriggerJob)},
		{"POST /_sandbox/cloudautomator/jobs/{id}/active", `make a job active or not: {"Active": ...}`, func(r *http.Request) (any, error) {
			in, err := adminBody[struct{ Active bool }](r)
			if err != nil {
				return nil, err
			}
			return named("job", func(id string) (TriggerJobState, bool) { return m.sandbox.ActivateTriggerJob(id, in.Active) })(r)
		}},
		{"PUT /_sandbox/cloudautomator/options", "play another CloudAutomator", given(func(o CloudAutomator) CloudAutomator {
			m.sandbox.PlayCloudAutomator(o)
			return o
		})},
	}
}
