/*
 * onnxruntime reports its use to Microsoft and leaves a log in the folder for temporary files, unless this is set before it is
 * loaded: whoever imports onnxruntime-node imports this first. A user who wants it to report sets it to 0.
 */
process.env.ORT_DISABLE_TELEMETRY ??= "1";
