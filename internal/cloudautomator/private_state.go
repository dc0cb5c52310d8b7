package cloudautomator

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// private state is what a job's private state remembers from one operation to the next.
type privateState struct {
	// URL and AccessToken are fingerprints of those known last: they are compared
	// even where they are not kept.
	URL         string `json:"url,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	// Imported is set until the first update after an import.
	Imported bool `json:"imported,omitempty"`
	// Whole says that action_value is all that the service has, not what the user gave.
	Whole bool `json:"whole,omitempty"`
	// Lost says that there was nothing to remember: Terraform has kept the values
	// of a state without it, as it does when the provider dies in an update.
	Lost bool `json:"lost,omitempty"`
	// Unfinished says that a rotation was begun and has not come to its end.
	Unfinished bool `json:"unfinished,omitempty"`
	// Successor is a job that was made to take this one's place, which is gone.
	Successor string `json:"successor,omitempty"`
	// Orphaned says that this job is gone, and that one was seen that may be its successor.
	Orphaned bool `json:"orphaned,omitempty"`
	// Predecessors are jobs whose place this one has taken, and that are to be removed.
	Predecessors []string `json:"predecessors,omitempty"`
	// Marked says that the job's name may still carry the mark of a successor.
	Marked bool `json:"marked,omitempty"`
	// Due says that trigger_on_apply has a run to make good.
	Due bool `json:"due,omitempty"`
	// Sought and Until are when a job may have been made whose creation got no
	// clear answer, and Others are the jobs that are known not to be it.
	Sought time.Time `json:"sought,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Others []string  `json:"others,omitempty"`
}

// memoryKey is where private states have the private state.
const privateStateKey = "job"

// recall reads the private state from a private state.
func recall(ctx context.Context, private interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}, diags *diag.Diagnostics) (m privateState) {
	text, found := private.GetKey(ctx, privateStateKey)
	diags.Append(found...)
	if text == nil {
		return privateState{Lost: true}
	}
	if err := json.Unmarshal(text, &m); err != nil {
		diags.AddError("Private State Not Read", "What was remembered of the job cannot be read: "+err.Error()+". Please report this.")
	}
	return m
}

// keep writes the private state into a private state.
func (m privateState) keep(ctx context.Context, private interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}) (diags diag.Diagnostics) {
	text, err := json.Marshal(m)
	if err != nil {
		diags.AddError("Private State Not Written", "Remembering the job failed: "+err.Error()+". Please report this.")
		return diags
	}
	return private.SetKey(ctx, privateStateKey, text)
}

// knows reports whether URL and access token are both those known last.
func (m privateState) knows(job Job) bool {
	return matches(m.URL, job.URL.Path) && matches(m.AccessToken, job.AccessToken)
}

// knowsPart reports whether URL or access token is the one known last.
func (m privateState) knowsPart(job Job) bool {
	return matches(m.URL, job.URL.Path) || matches(m.AccessToken, job.AccessToken)
}

// learn remembers URL and access token of a job, and reports whether they are others than before.
func (m *privateState) learn(job Job) (changed bool) {
	if m.knows(job) {
		return false
	}
	m.URL, m.AccessToken = fingerprint(job.URL.Path), fingerprint(job.AccessToken)
	return true
}

// hold remembers URL and access token that are in a state.
func (m *privateState) hold(state jobModel) {
	if at, err := url.Parse(state.URL.ValueString()); err == nil {
		m.URL, m.AccessToken = fingerprint(at.Path), fingerprint(state.AccessToken.ValueString())
	}
}

// recover finds what was lost in the names of the jobs: that of one that has
// taken another one's place has a mark until the other one is removed.
func (m *privateState) recover(jobs []Job, of *jobModel) {
	if !m.Lost {
		return
	}
	predecessor := ""
	for _, job := range jobs {
		if shown, err := job.settings(); err == nil && job.ID == of.ID.ValueString() {
			predecessor = markedFor(shown.Name)
		}
	}
	if predecessor == "" {
		return
	}
	m.Marked = true
	for _, job := range jobs {
		if shown, err := job.settings(); err == nil && job.ID != of.ID.ValueString() && (job.ID == predecessor || markedFor(shown.Name) == predecessor) &&
			of.alike(job, shown) && !slices.Contains(m.Predecessors, job.ID) {
			m.Predecessors = append(m.Predecessors, job.ID)
		}
	}
}

// fingerprint tells a secret again without giving it away: private states are
// no safe, so it is salted.
func fingerprint(secret string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return digest(salt, secret)
}

func matches(known, secret string) bool {
	before, _, _ := strings.Cut(known, ".")
	salt, err := base64.RawURLEncoding.DecodeString(before)
	return err == nil && known != "" && hmac.Equal([]byte(digest(salt, secret)), []byte(known))
}

func digest(salt []byte, secret string) string {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(salt) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
