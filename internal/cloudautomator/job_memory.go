package cloudautomator

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// privateState is what a job's private state remembers from one operation to the next.
type privateState struct {
	// URL and AccessToken are fingerprints of those known last: they are compared
	// even where they are not kept.
	URL         string `json:"url,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	// Asked are fingerprints of the settings as the last write asked for them, and
	// Shown of those that the service showed in other words then.
	Asked map[string]string `json:"asked,omitempty"`
	Shown map[string]string `json:"shown,omitempty"`
	// Drifted are the settings that were found to be others since.
	Drifted map[string]bool `json:"drifted,omitempty"`
	// Position is where the job stood when it was looked at last; "" is settled.
	Position position `json:"position,omitempty"`
	// Creation is the number of the mark that the job was created with.
	Creation string `json:"creation,omitempty"`
	// Imported is set until the first update after an import.
	Imported bool `json:"imported,omitempty"`
	// Moved is set until then after a move from the vendor's provider: action_value
	// is as that one has it, with 0, false and "" for members that are not set.
	Moved bool `json:"moved,omitempty"`
	// Whole says that action_value is all that the service has, not what the user gave.
	Whole bool `json:"whole,omitempty"`
	// Lost says that there was nothing to remember: Terraform has kept the values
	// of a state without it, as it does when the provider dies in an update.
	Lost bool `json:"lost,omitempty"`
	// Due says that trigger_on_apply has a run to make good.
	Due bool `json:"due,omitempty"`
}

// privateStateKey is where private states have the private state.
const privateStateKey = "job"

// recall reads what is remembered.
func recall(ctx context.Context, private interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}, diags *diag.Diagnostics) (p privateState) {
	text, found := private.GetKey(ctx, privateStateKey)
	diags.Append(found...)
	if text == nil {
		return privateState{Lost: true}
	}
	if err := json.Unmarshal(text, &p); err != nil {
		diags.AddError("Private State Not Read", "What was remembered of the job cannot be read: "+err.Error()+". Please report this.")
	}
	return p
}

// keep writes what is remembered.
func (p privateState) keep(ctx context.Context, private interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}) (diags diag.Diagnostics) {
	text, err := json.Marshal(p)
	if err != nil {
		diags.AddError("Private State Not Written", "Remembering the job failed: "+err.Error()+". Please report this.")
		return diags
	}
	return private.SetKey(ctx, privateStateKey, text)
}

// stands reports where the job stood when it was looked at last.
func (p privateState) stands() position {
	if p.Position == "" {
		return settled
	}
	return p.Position
}

// at remembers where the job stands.
func (p *privateState) at(where position) {
	if p.Position = where; where == settled || where == unmoved {
		p.Position = ""
	}
}

// remembered reports whether the difference between what is configured and what
// is recorded is the service's wording.
func (p privateState) remembered(configured, recorded setting) bool {
	return matches(p.Asked[configured.name], plain(configured.name, configured.value)) && matches(p.Shown[configured.name], plain(recorded.name, recorded.value))
}

// difference is what a configuration wants to be changed of a job.
type difference struct {
	// settings are to be changed; asked says that the user wants that, and not only
	// to have set right what somebody else did.
	settings, asked bool
	// again says that the service has the settings, but an update that was to give
	// them, and to rotate, did not come to its end.
	again bool
}

// compare finds out what a configuration changes. What is not known counts as changed.
func (p privateState) compare(before, after jobModel) (c difference) {
	theirs := before.settings()
	for i, one := range after.settings() {
		asked := matches(p.Asked[one.name], plain(one.name, one.value))
		switch {
		case same(one.name, one.value, theirs[i].value):
			c.again = c.again || p.Drifted[one.name] && !asked
		case one.value.IsUnknown():
			c.settings, c.asked = true, true
		case p.remembered(one, theirs[i]):
		default:
			c.settings, c.asked = true, c.asked || !p.Drifted[one.name] || !asked
		}
	}
	return c
}

// decision is what an update asks of the service. A plan decides with what is
// known then, where all that is not known counts as changed; so an update never
// asks for more than its plan has shown.
type decision struct {
	// rotate asks for a new URL and access token; change, for new settings, which
	// may give new ones, too; moves says that another job may be recorded.
	rotate, change, moves bool
	// again says that only an operation that was cut off asks for the rotation: it
	// may have rotated, and have run the job.
	again bool
	// read asks for what is to be kept in the state and is not there.
	read bool
	// run makes good a run that is due.
	run bool
}

func decide(before, after jobModel, p privateState) (d decision) {
	if p.covers(before, after) {
		after.ActionValue = before.ActionValue
	}
	c, stands := p.compare(before, after), p.stands()
	rotates := after.RotateOnUpdate.IsUnknown() || after.rotates()
	triggered := !signal.SameTriggers(before.RotationTriggers, after.RotationTriggers)
	d.rotate = !p.Imported && (triggered || rotates && (c.asked || c.again))
	d.again = p.Lost && rotates && !d.rotate
	d.rotate = d.rotate || d.again
	d.moves = d.rotate || sights[stands].moves
	d.change = d.moves || c.settings || stands != settled
	stores := after.StoreCredentials.IsUnknown() || after.stores()
	d.read = stores && !before.stores()
	d.run = p.Due && after.TriggerOnApply.ValueBool()
	return d
}

// covers reports whether the state holds all that the service has of an
// action_value, and with it what the user gave.
func (p privateState) covers(before, after jobModel) bool {
	if !p.Whole || after.ActionValue.IsUnknown() {
		return false
	}
	whole, part := before.ActionValue.ValueString(), after.ActionValue.ValueString()
	return coversObject(whole, part) || p.Moved && loosely(part, whole)
}

// knowsPart reports whether URL or access token is the one known last.
func (p privateState) knowsPart(job Job) bool {
	return matches(p.URL, job.path()) || matches(p.AccessToken, job.AccessToken)
}

// learn remembers URL and access token of a job, and reports whether they are others than before.
func (p *privateState) learn(job Job) (changed bool) {
	if job.URL == nil || matches(p.URL, job.path()) && matches(p.AccessToken, job.AccessToken) {
		return false
	}
	p.URL, p.AccessToken = fingerprint(job.path()), fingerprint(job.AccessToken)
	return true
}

// hold remembers URL and access token that are in a state.
func (p *privateState) hold(state jobModel) {
	if at, err := url.Parse(state.URL.ValueString()); err == nil {
		p.URL, p.AccessToken = fingerprint(at.Path), fingerprint(state.AccessToken.ValueString())
	}
}

// newCreation makes the number of a creation's mark, which no other creation has.
func newCreation() string {
	number := make([]byte, 8)
	_, _ = rand.Read(number) // never fails
	return hex.EncodeToString(number)
}

// fingerprint tells a text again without giving it away: private states are
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
