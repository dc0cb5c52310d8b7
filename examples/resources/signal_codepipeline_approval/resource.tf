variable "pipeline_name" {
  description = "The pipeline whose approval waits."
  type        = string
}

variable "release" {
  description = "The release that is approved."
  type        = string
}

# Answers the approval that waits there. The provider reads its token.
resource "signal_codepipeline_approval" "release" {
  pipeline_name = var.pipeline_name
  stage_name    = "Approve"
  action_name   = "Release"
  status        = "Approved"
  summary       = "Release ${var.release}"

  # The next release is another approval.
  triggers = { release = var.release }
}

# Created only after CodePipeline has accepted the approval.
resource "terraform_data" "approved" {
  input      = signal_codepipeline_approval.release.sent_at
  depends_on = [signal_codepipeline_approval.release]
}
