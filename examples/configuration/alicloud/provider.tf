# Keys come from ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY, or from a profile.
provider "signal" {
  alicloud {
    region = "cn-hangzhou"

    assume_role {
      role_arn     = "acs:ram::1234567890123456:role/rollout"
      session_name = "terraform"
    }
  }
}
