# A role in the account that the signals go to, and no other account by mistake.
provider "signal" {
  aws {
    region  = "eu-central-1"
    profile = "deploy"

    assume_role {
      role_arn     = "arn:aws:iam::123456789012:role/rollout"
      session_name = "terraform"
    }
    allowed_account_ids = ["123456789012"]
  }
}
