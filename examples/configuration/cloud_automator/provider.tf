variable "cloud_automator_api_key" {
  description = "The API key; you can also set CLOUD_AUTOMATOR_API_KEY."
  type        = string
  sensitive   = true
}

provider "signal" {
  cloud_automator {
    api_key = var.cloud_automator_api_key
  }
}
