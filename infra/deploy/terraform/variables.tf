variable "bucket" {
  description = "The bucket of encrypted chunks; contributors' manifests name it, so it cannot be renamed later."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{2,62}$", var.bucket))
    error_message = "Give a bucket name of 3 to 63 lower-case letters, digits, dots and dashes."
  }
}

variable "contributors" {
  description = "ARNs of roles that may create objects and never read, replace or delete any; each with the uids of its own datasets, whose folders are the only ones that it may write to. `livepod contribute --store s3 --dry-run` says them."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = alltrue([for uids in values(var.contributors) : length(uids) > 0 && alltrue([for uid in uids : can(regex("^[0-9a-f]{64}$", uid))])])
    error_message = "Give each role at least one uid, of 64 hexadecimal digits."
  }
}

variable "readers" {
  description = "ARNs of roles that read chunks: the orchestrator, to check them, and providers, to train. What they read is ciphertext."
  type        = list(string)
}

variable "collector" {
  description = "ARN of the role that deletes rooms which nobody registered in time (the orchestrator's); the only one that may delete."
  type        = string
}

variable "kms_key" {
  description = "ARN of a KMS key for encryption at rest; null: S3's own key. Chunks are encrypted before they get here in any case."
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Bucket that takes the access log; null: none is written."
  type        = string
  default     = null
}

variable "unfinished_days" {
  description = "Days after which an upload that was not finished is dropped."
  type        = number
  default     = 3

  validation {
    condition     = var.unfinished_days >= 1
    error_message = "S3 counts in whole days, from 1."
  }
}

variable "deleted_days" {
  description = "Days for which a deleted or overwritten chunk can be brought back."
  type        = number
  default     = 30
}
