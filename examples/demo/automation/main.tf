# Approves an AWS Systems Manager Automation that waits in an aws:approve step.
#
# `make demo` applies this. To do it by hand, run `make sandbox` in another
# terminal: the defaults below are what it serves.

terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

variable "endpoint" {
  description = "Where the sandbox listens."
  type        = string
  default     = "http://127.0.0.1:4599"
}

variable "automation_execution_id" {
  description = "The execution that waits for an approval."
  type        = string
  default     = "5a4d0b0c-0000-4000-8000-000000000001"
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ssm = var.endpoint }
  }
}

resource "signal_automation" "approve" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"
  payload                 = { Comment = ["Approved by terraform apply"] }
}

# Stands for a resource that must be created only after the approval has been accepted.
resource "terraform_data" "deployment" {
  input      = "approved at ${signal_automation.approve.sent_at}"
  depends_on = [signal_automation.approve]
}
