package alicloud

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzProfiles reads any profile file. None panics or hangs, and credentials that are found
// are complete.
func FuzzProfiles(f *testing.F) {
	for _, text := range []string{
		"", "null", "[]", "{", `{"profiles":[null]}`,
		`{"current":"a","profiles":[{"name":"a","mode":"AK","access_key_id":"k","access_key_secret":"s","region_id":"cn-hangzhou"}]}`,
		`{"current":"a","profiles":[{"name":"a","mode":"StsToken","access_key_id":"k","access_key_secret":"s","sts_token":"t"}]}`,
		`{"profiles":[{"name":"default","mode":"EcsRamRole","ram_role_name":"r"}]}`,
		`{"current":"a","profiles":[{"name":"a","mode":"RamRoleArn","access_key_id":"k","access_key_secret":"s","ram_role_arn":"r","expired_seconds":-1}]}`,
		`{"current":"a","profiles":[{"name":"a","mode":"ChainableRamRoleArn","ram_role_arn":"r","source_profile":"b"},{"name":"b","mode":"ChainableRamRoleArn","ram_role_arn":"r","source_profile":"a"}]}`,
		`{"profiles":[{"name":"default","mode":"OIDC","ram_role_arn":"r","oidc_provider_arn":"p","oidc_token_file":"f"}]}`,
		"\xef\xbb\xbf" + `{"profiles":[{"name":"default","mode":"External","process_command":"x"}]}`,
		`{"profiles":[{"name":"default","mode":"RamRoleArnWithRoleName","ram_role_arn":"r","ram_role_name":"e"}]}`,
	} {
		f.Add("", text)
		f.Add("a", text)
	}
	f.Fuzz(func(t *testing.T, profile, text string) {
		file := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Config{Profile: profile, SharedCredentialsFile: file}.load()
		if err != nil {
			return
		}
		if got.source == nil {
			t.Errorf("there are no credentials in %s: %+v", text, got)
		}
		if found, ok := got.source.(fixed); ok && (found.keys.accessKey == "" || found.keys.secretKey == "") {
			t.Errorf("credentials of %s are %+v", text, got)
		}
		for _, role := range got.roles {
			if role.RoleARN == "" {
				t.Errorf("a role of %s has no name: %+v", text, got)
			}
		}
	})
}
