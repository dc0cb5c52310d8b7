package oos

import "testing"

// Each region has a separate server.
func TestHost(t *testing.T) {
	if at := service.Client(nil, "cn-beijing").Service; at.Name != "oos" || at.Host != "oos.cn-beijing.aliyuncs.com" {
		t.Errorf("cn-beijing is at %+v", at)
	}
}
