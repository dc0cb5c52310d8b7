# Approves an execution of an Alibaba Cloud OOS template that waits for it.
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

variable "execution_id" {
  description = "The execution whose task \"approve\" waits."
  type        = string
  default     = "exec-5a4d0b0c-0000-4000-8000-000000000005"
}

# These are the keys of the sandbox. For Alibaba Cloud, set only the region.
provider "signal" {
  alicloud {
    region     = "cn-hangzhou"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { oos = var.endpoint }
  }
}

resource "signal_oos_execution" "approve" {
  execution_id = var.execution_id
  notify_type  = "Approve"
}

# Stands for a resource that must be created only after the execution has been approved.
resource "terraform_data" "deployment" {
  input      = "approved at ${signal_oos_execution.approve.sent_at}"
  depends_on = [signal_oos_execution.approve]
}
