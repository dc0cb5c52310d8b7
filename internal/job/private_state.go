package job

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// privateState is the content of a job's private state, for the next operation.
type privateState struct {
	// URL and AccessToken are fingerprints of the last known values, so that a
	// refresh can compare them even if the state does not have them.
	URL         string `json:"url,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	// Asked are fingerprints of the settings in the last write, without those that it
	// left to the service; "" if it is not known what was asked. Shown are fingerprints of
	// the settings that the service then showed with another value.
	Asked map[string]string `json:"asked,omitempty"`
	Shown map[string]string `json:"shown,omitempty"`
	// Drifted are the settings that somebody has changed since.
	Drifted []string `json:"drifted,omitempty"`
	// Situation is what the last read found; empty if the job is settled or not rotated. For
	// predecessorLeft only the state keeps the predecessor, as predecessor_id.
	Situation situation `json:"situation,omitzero"`
	// Creation is the random number in the suffix that the job was created with. Begun is when the
	// job was created or, if it is a successor, recorded, by the clock of this machine.
	Creation string    `json:"creation,omitempty"`
	Begun    time.Time `json:"begun,omitzero"`
	// Unanswered is when the answer to the creation of a successor was lost, by the clock of
	// this machine, until it is known whether the successor exists.
	Unanswered time.Time `json:"unanswered,omitzero"`
	// Imported is set until the first update after an import.
	Imported bool `json:"imported,omitempty"`
	// Reads counts refreshes from an import or a move until the first update, up to 2. The
	// second one shows that the plan of the import has been made.
	Reads int `json:"reads,omitempty"`
	// Unwritten is set from an import until this state has written the job's name. So a
	// suffix in the name comes from somebody else.
	Unwritten bool `json:"unwritten,omitempty"`
	// Moved is set until the first update after a move from the vendor's provider.
	// action_value is as that provider has it, with 0, false and "" for members that
	// are not set.
	Moved bool `json:"moved,omitempty"`
	// Whole says that action_value in the state has all members of the service, not
	// only those that the user has set.
	Whole bool `json:"whole,omitempty"`
	// Lost says that the private state was missing. Terraform keeps the state without
	// the private state when the provider is killed during an update.
	Lost bool `json:"lost,omitempty"`
	// Due says that a run of trigger_on_apply is still due.
	Due bool `json:"due,omitempty"`
}

// privateStateKey is the key of this content in the resource's private state.
const privateStateKey = "job"

// readPrivateState reads the private state that belongs to a state. What cannot be read
// counts as lost, so that it never prevents a refresh or a destroy.
func readPrivateState(ctx context.Context, private interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}, data jobModel, diags *diag.Diagnostics) (p privateState) {
	text, found := private.GetKey(ctx, privateStateKey)
	diags.Append(found...)
	p.Lost = text == nil
	if err := json.Unmarshal(text, &p); text != nil && err != nil {
		// Of members in another form, only these members are lost.
		wrong, part := errors.AsType[*json.UnmarshalTypeError](err)
		p.Lost = p.Lost || !part
		if part {
			kind, _, _ := strings.Cut(wrong.Value, " ") // What follows may be the value.
			err = fmt.Errorf("%s has the type %s, which it must not have", cmp.Or(wrong.Field, "the whole text"), kind)
		}
		diags.AddWarning("Private State Not Read", fmt.Sprintf("A part of what the provider remembers of Cloud Automator job %s cannot be read: %s. "+
			"It is treated as lost. The next plan may show a rotation because of this.", data.ID.ValueString(), err))
	}
	if p.Asked == nil {
		p.Drifted = nil // Drift is a difference from what was asked for.
	}
	if predecessor := data.PredecessorID.ValueString(); predecessor != "" && p.lastPosition() == settled {
		p.Situation = situation{Position: predecessorLeft, ID: data.ID.ValueString(), Others: []string{predecessor}}
	}
	return p
}

// store writes the private state.
func (p privateState) store(ctx context.Context, private interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}) (diags diag.Diagnostics) {
	if p.Situation.Position == predecessorLeft {
		p.Situation = situation{}
	}
	text, err := json.Marshal(p)
	if err != nil {
		diags.AddError("Private State Not Written", "Remembering the job failed: "+err.Error()+". Please report this.")
		return diags
	}
	return private.SetKey(ctx, privateStateKey, text)
}

// lastPosition returns the position of the job at the last read.
func (p privateState) lastPosition() position { return cmp.Or(p.Situation.Position, settled) }

// recordSituation records the situation of the job.
func (p *privateState) recordSituation(s situation) {
	if p.Situation = s; s.Position == settled || s.Position == notRotated {
		p.Situation = situation{}
	}
}

// differOnlyInForm reports whether the configured and the recorded value differ only
// because the service shows the setting in another form.
func (p privateState) differOnlyInForm(configured, recorded setting) bool {
	return matches(p.Asked[configured.name], configured.plain()) && matches(p.Shown[configured.name], recorded.plain())
}

// asked reports whether the last write asked for this value. Of a whole action_value, the
// user may set only some members by now.
func (p privateState) asked(one setting) bool {
	if matches(p.Asked[one.name], one.plain()) {
		return true
	}
	if one.name != "action_value" || !p.Whole || one.value.IsUnknown() {
		return false
	}
	part, err := parseObject(one.value.(types.String).ValueString())
	for name, value := range part {
		if !matches(p.Asked[memberOf(name)], canonical(value)) {
			return false
		}
	}
	return err == nil && len(part) > 0
}

// memberOf is the key of a member of action_value in Asked.
func memberOf(name string) string { return "action_value." + name }

// askFor records that the last write asked for an action_value.
func (p *privateState) askFor(value types.String) {
	one := settingOf("action_value", &value)
	p.Asked[one.name] = fingerprint(one.plain())
	if members, err := parseObject(value.ValueString()); p.Whole && err == nil {
		for name, member := range members {
			p.Asked[memberOf(name)] = fingerprint(canonical(member))
		}
	}
}

// decision says what an update does at the service. In a plan, unknown values
// count as changed, so an update never does more than its plan has shown.
type decision struct {
	// rotate requests a new URL and access token. change writes settings, after which
	// URL and access token may also be new. moves says that another job may be
	// recorded.
	rotate, change, moves bool
	// repeatsRotation says that the rotation only repeats that of an operation that was
	// cut off. That operation may have rotated and run the job.
	repeatsRotation bool
	// read reads values that the state must have and does not have.
	read bool
	// run runs the job because a run is due.
	run bool
}

func decide(before, after jobModel, p privateState) (d decision) {
	if p.covers(before, after) {
		after.ActionValue = before.ActionValue
	}
	// changed says that the user has changed a setting, and that it is not only drift to
	// correct. repeats says that the service has a setting, but that the update that set it,
	// and that was to rotate, was cut off.
	var changed, repeats bool
	theirs, last := before.settings(), p.lastPosition()
	for i, one := range after.settings() {
		asked, drifted := p.asked(one), p.drifted(one.name)
		switch {
		case one.same(theirs[i]):
			repeats = repeats || drifted && !asked
		case one.value.IsUnknown():
			d.change, changed = true, true
		case !p.differOnlyInForm(one, theirs[i]):
			d.change, changed = true, changed || !drifted || !asked
		}
	}
	rotates := after.RotateOnUpdate.IsUnknown() || after.rotates()
	triggered := !signal.SameTriggers(before.RotationTriggers, after.RotationTriggers)
	d.rotate = !p.Imported && (triggered || rotates && (changed || repeats))
	d.repeatsRotation = p.Lost && rotates && !d.rotate
	d.rotate = d.rotate || d.repeatsRotation
	d.moves = d.rotate || effects[last].moves || before.ID.IsNull()
	d.change = d.change || d.moves || last != settled
	stores := after.StoreCredentials.IsUnknown() || after.stores()
	d.read = stores && !before.stores()
	d.run = p.Due && after.TriggerOnApply.ValueBool()
	return d
}

// covers reports whether the state has all members of the service's
// action_value, and among them those that the user has set.
func (p privateState) covers(before, after jobModel) bool {
	if !p.Whole || after.ActionValue.IsUnknown() {
		return false
	}
	whole, part := before.ActionValue.ValueString(), after.ActionValue.ValueString()
	return coversObject(whole, part) || p.Moved && loosely(part, whole)
}

// knowsPart reports whether the URL or the access token is the last known one.
func (p privateState) knowsPart(job cloudautomator.Job) bool {
	return matches(p.URL, job.Path()) || matches(p.AccessToken, job.AccessToken)
}

// recordCredentials records fingerprints of a job's URL and access token, and
// reports whether they have changed.
func (p *privateState) recordCredentials(job cloudautomator.Job) (changed bool) {
	if job.URL == nil || matches(p.URL, job.Path()) && matches(p.AccessToken, job.AccessToken) {
		return false
	}
	p.URL, p.AccessToken = fingerprint(job.Path()), fingerprint(job.AccessToken)
	return true
}

// recordCredentialsOfState records fingerprints of the URL and the access token in a state.
func (p *privateState) recordCredentialsOfState(state jobModel) {
	if at, err := url.Parse(state.URL.ValueString()); err == nil {
		p.URL, p.AccessToken = fingerprint(at.Path), fingerprint(state.AccessToken.ValueString())
	}
}

func random(n int) []byte {
	number := make([]byte, n)
	_, _ = rand.Read(number) // never fails
	return number
}

// fingerprint returns a salted hash of a secret, because anybody with access to
// the state can read the private state.
func fingerprint(secret string) string { return digest(random(16), secret) }

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
