terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

provider "signal" {}

variable "automation_execution_id" {
  description = "The execution that checks the release once it is approved."
  type        = string
}

resource "signal_automation" "check" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"

  wait_for_completion = true
  on_wait_failure     = "record" # keep the resource, and let the postcondition judge

  lifecycle {
    postcondition {
      condition     = self.target_succeeded
      error_message = "The check of the release ended as ${coalesce(self.target_status, "unknown")}."
    }
  }
}

# Not created while the postcondition fails: neither by this apply nor by the next.
resource "terraform_data" "release" {
  depends_on = [signal_automation.check]
}
