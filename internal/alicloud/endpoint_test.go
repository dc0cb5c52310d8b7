package alicloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The endpoint of STS depends on the configuration.
func TestWhereSTSIsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		config  Config
		env     map[string]string
		profile map[string]any
		want    string
	}{
		"nowhere in particular":   {want: "https://sts.aliyuncs.com"},
		"sts_region":              {config: Config{STSRegion: "cn-beijing"}, env: map[string]string{"ALIBABA_CLOUD_STS_REGION": "wrong"}, want: "https://sts.cn-beijing.aliyuncs.com"},
		"the environment":         {env: map[string]string{"ALIBABA_CLOUD_STS_REGION": "cn-beijing"}, profile: map[string]any{"sts_region": "wrong"}, want: "https://sts.cn-beijing.aliyuncs.com"},
		"the profile's region":    {profile: map[string]any{"sts_region": "cn-beijing"}, want: "https://sts.cn-beijing.aliyuncs.com"},
		"the profile's VPC":       {profile: map[string]any{"sts_region": "cn-beijing", "enable_vpc": true}, want: "https://sts-vpc.cn-beijing.aliyuncs.com"},
		"the profile's endpoint":  {profile: map[string]any{"sts_endpoint": "sts.example.com", "sts_region": "wrong"}, want: "https://sts.example.com"},
		"the profile's URL":       {profile: map[string]any{"sts_endpoint": "http://sts.example.com"}, want: "http://sts.example.com"},
		"endpoints.sts before it": {config: Config{STSRegion: "wrong", Endpoints: map[string]string{"sts": "http://sts.example.com"}}, want: "http://sts.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			members := map[string]any{"name": "p", "mode": "RamRoleArn", "access_key_id": "a", "access_key_secret": "s", "ram_role_arn": "r"}
			for name, value := range test.profile {
				members[name] = value
			}
			text, _ := json.Marshal(map[string]any{"current": "p", "profiles": []any{members}})
			test.config.SharedCredentialsFile = filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(test.config.SharedCredentialsFile, text, 0o600); err != nil {
				t.Fatal(err)
			}
			c := NewClients(test.config)
			if _, err := c.load(); err != nil {
				t.Fatal(err)
			}
			if client := c.client(sts, keys{}); *client.Protocol+"://"+*client.Endpoint != test.want {
				t.Errorf("%s://%s", *client.Protocol, *client.Endpoint)
			}
		})
	}
}
