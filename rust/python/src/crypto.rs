//! Ciphers of texts, for dialplan functions.
use offhook_media::crypto::{BLOCK, aes128_ecb as blocks};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(aes128_ecb, module)?)
}

#[pyfunction]
#[pyo3(signature = (key, data, *, decrypt = false))]
fn aes128_ecb<'py>(
    py: Python<'py>,
    key: &[u8],
    data: &[u8],
    decrypt: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let key = key
        .try_into()
        .map_err(|_| PyValueError::new_err("a key has 16 octets"))?;
    if !data.len().is_multiple_of(BLOCK) {
        return Err(PyValueError::new_err("a block has 16 octets"));
    }
    let mut data = data.to_vec();
    blocks(key, &mut data, decrypt);
    Ok(PyBytes::new(py, &data))
}
