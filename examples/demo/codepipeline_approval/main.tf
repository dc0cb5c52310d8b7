# Approves a stage of an AWS CodePipeline pipeline that waits for it.
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

variable "pipeline_name" {
  description = "The pipeline whose approval waits."
  type        = string
  default     = "release"
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { codepipeline = var.endpoint }
  }
}

resource "signal_codepipeline_approval" "release" {
  pipeline_name = var.pipeline_name
  stage_name    = "Approve"
  action_name   = "Release"
  status        = "Approved"
  summary       = "Release 1.2.3"
}

# Stands for a resource that must be created only after the release is approved.
resource "terraform_data" "deployment" {
  input      = "approved at ${signal_codepipeline_approval.release.sent_at}"
  depends_on = [signal_codepipeline_approval.release]
}
